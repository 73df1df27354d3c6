// The link of this tab to the hub. It says what the tab follows while somebody uses the tab, and rests otherwise:
// on Google Cloud an open stream costs money.
import { texts } from '../api/sse';
import { Hub } from './hub';
import { PING, type Asked, type ToHub, type ToTab } from './messages';
import { trustedScript } from './trusted';
import address from './worker.ts?sharedworker&url';

/** A tab that is hidden for this time, in ms, needs no stream. */
const HIDDEN = 30_000;
/** A tab that nobody touches for this time, in ms, needs no stream. */
const IDLE = 600_000;

/** A stream as the link sees it. */
export interface Follower {
  /** What to ask for. Empty if all topics have ended. */
  asked: () => Asked[];
  hear: (message: ToTab) => void;
}

class Link {
  readonly #followers = new Map<number, Follower>();
  readonly #send: (message: ToHub) => void;
  #next = 1;
  #touched = Date.now();
  #isResting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#send = connect((message) => this.#hear(message));
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#later() : this.#wake()));
    for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel'])
      addEventListener(kind, () => this.#touch(), { passive: true, capture: true });
    addEventListener('pagehide', () => this.#rest());
    addEventListener('pageshow', (event) => event.persisted && this.#wake());
  }

  /** Follows until the answer is called. */
  follow(follower: Follower): () => void {
    const id = this.#next++;
    this.#followers.set(id, follower);
    this.#wake();
    return () => {
      this.#followers.delete(id);
      if (!this.#isResting) this.#here();
    };
  }

  #here(): void {
    clearTimeout(this.#timer);
    const streams = [...this.#followers].map(([id, follower]) => ({ id, topics: follower.asked() }));
    const open = streams.filter(({ topics }) => topics.length > 0);
    this.#send({ kind: 'here', streams: open });
    if (open.length > 0) this.#timer = setTimeout(() => this.#again(), PING);
  }

  #again(): void {
    if (Date.now() - this.#touched > IDLE) this.#rest();
    else this.#here();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), HIDDEN);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#isResting = true;
    this.#send({ kind: 'rest' });
    this.#hear({ kind: 'status', status: 'paused' });
  }

  #wake(): void {
    this.#touched = Date.now();
    if (this.#isResting) this.#hear({ kind: 'status', status: 'reconnecting' });
    this.#isResting = false;
    this.#here();
  }

  #touch(): void {
    this.#touched = Date.now();
    if (this.#isResting && !document.hidden) this.#wake();
  }

  #hear(message: ToTab): void {
    if (message.kind === 'status') for (const follower of this.#followers.values()) follower.hear(message);
    else this.#followers.get(message.stream)?.hear(message);
  }
}

/** Connects to the shared worker. A browser without shared workers (on Android) gets a hub for each tab. */
function connect(hear: (message: ToTab) => void): (message: ToHub) => void {
  if (!('SharedWorker' in globalThis)) return own(hear);
  const worker = new SharedWorker(trustedScript(address), { type: 'module', name: 'segue-live' });
  let send: (message: ToHub) => void = (message) => worker.port.postMessage(message);
  let last: ToHub | undefined;
  worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => hear(data);
  // The script of the worker is missing, because the server was updated after this page was loaded.
  worker.onerror = () => {
    send = own(hear);
    if (last) send(last);
  };
  return (message) => send((last = message));
}

function own(hear: (message: ToTab) => void): (message: ToHub) => void {
  return new Hub((topics, signal) => texts('/events', new URLSearchParams({ topics }), signal)).join(hear);
}

let link: Link | undefined;

/** Follows through the one link of this tab, until the answer is called. */
export function follow(follower: Follower): () => void {
  link ??= new Link();
  return link.follow(follower);
}
