// One stream of live changes. It comes back by itself after a cut, and rests while the page is hidden.
import { Refusal } from '../api/client';
import { events } from '../api/sse';
import type { TopicEvent } from '../api/types';
import { Topics } from './topics';

export type Status = 'live' | 'reconnecting' | 'paused' | 'ended';

/** A page that is hidden for this time, in ms, needs no stream. */
const HIDDEN = 30_000;
/** The shortest and the longest wait before another try, in ms. */
const WAITS = { first: 500, longest: 15_000 };

export class Stream {
  status = $state<Status>('live');
  /** Why the stream was refused. Undefined if it works, or if the connection was cut. */
  refused = $state.raw<Refusal>();
  readonly #topics: Topics;
  readonly #take: (event: TopicEvent) => void;
  #request: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = WAITS.first;
  #isClosed = false;

  constructor(topics: readonly string[], take: (event: TopicEvent) => void) {
    this.#topics = new Topics(topics);
    this.#take = take;
    document.addEventListener('visibilitychange', this.#look);
    void this.#follow();
  }

  close(): void {
    this.#isClosed = true;
    document.removeEventListener('visibilitychange', this.#look);
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  async #follow(): Promise<void> {
    const asked = this.#topics.ask();
    if (asked === '') return this.#end();
    const request = new AbortController();
    this.#request = request;
    try {
      for await (const event of events<TopicEvent>(
        '/events',
        new URLSearchParams({ topics: asked }),
        request.signal,
      )) {
        if (request.signal.aborted) return;
        this.status = 'live';
        this.#wait = WAITS.first;
        if (this.#topics.take(event)) this.#take(event);
      }
    } catch (error) {
      if (request.signal.aborted) return;
      // The server said no: asking again changes nothing.
      if (error instanceof Refusal && error.status >= 400 && error.status < 500) {
        this.refused = error;
        return this.#end();
      }
    }
    if (this.#isClosed || request.signal.aborted) return;
    if (this.#topics.ask() === '') return this.#end();
    this.status = 'reconnecting';
    this.#again(this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, WAITS.longest);
  }

  #end(): void {
    this.status = 'ended';
    this.close();
  }

  #again(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#follow(), wait);
  }

  readonly #look = (): void => {
    if (document.hidden) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#rest(), HIDDEN);
    } else if (this.status === 'paused' || this.status === 'reconnecting') {
      this.#again(0);
    } else {
      clearTimeout(this.#timer);
    }
  };

  #rest(): void {
    this.#request?.abort();
    this.status = 'paused';
  }
}
