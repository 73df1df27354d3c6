// Live changes of some topics. The stream itself is the hub's, which all tabs share. It comes back after a cut, and
// rests while the tab is hidden or not used.
import { Refusal } from '../api/client';
import { parseExact } from '../api/json';
import type { TopicEvent } from '../api/types';
import { follow } from './link';
import type { Asked, ToTab } from './messages';
import { Topics } from './topics';

export type Status = 'live' | 'reconnecting' | 'paused' | 'ended';

export class Stream {
  status = $state<Status>('live');
  /** Why the server refused. Undefined if it did not. */
  refused = $state.raw<Refusal>();
  readonly #topics: Topics;
  readonly #take: (event: TopicEvent) => void;
  readonly #leave: () => void;

  /** Each topic has the position after which it is followed. Null: from its start. */
  constructor(topics: readonly Asked[], take: (event: TopicEvent) => void) {
    this.#topics = new Topics(topics);
    this.#take = take;
    this.#leave = follow({ asked: () => this.#topics.asked(), hear: (message) => this.#hear(message) });
  }

  close(): void {
    this.#leave();
  }

  #hear(message: ToTab): void {
    if (this.status === 'ended') return;
    if (message.kind === 'status') {
      this.status = message.status;
      return;
    }
    if (message.kind === 'refused') {
      this.refused = new Refusal(message.status, message.message);
      return this.#end();
    }
    // The API is described by the types that this program is built with.
    const event = parseExact(message.text) as TopicEvent;
    const known = this.#topics.take({ ...event, lines: event.lines ?? [] });
    if (known !== undefined) this.#take(event.lines ? { ...event, lines: event.lines.slice(known) } : event);
    if (this.#topics.asked().length === 0) this.#end();
  }

  #end(): void {
    this.status = 'ended';
    this.#leave();
  }
}
