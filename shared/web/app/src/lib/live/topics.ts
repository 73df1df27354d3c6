// What a browser knows of the topics that it follows. Positions only go forward, whatever order events come in.
import type { TopicEvent } from '../api/types';

export class Topics {
  readonly #positions = new Map<string, number | undefined>();

  constructor(topics: readonly string[]) {
    for (const topic of topics) this.#positions.set(topic, undefined);
  }

  /** Takes an event. False if the event is old, doubled, or of another topic: then nothing of it is shown. */
  take(event: TopicEvent): boolean {
    if (!this.#positions.has(event.topic)) return false;
    const known = this.#positions.get(event.topic);
    const isNew = known === undefined || event.position > known;
    if (isNew) this.#positions.set(event.topic, event.position);
    if (event.isLast) this.#positions.delete(event.topic);
    return isNew;
  }

  /** What to ask for: the topics that go on, each with its position. Empty if all have ended. */
  ask(): string {
    const asked = [...this.#positions].map(([topic, position]) =>
      position === undefined ? topic : `${topic}@${position}`,
    );
    return asked.join(',');
  }
}
