// What is known of topics that are followed. Positions only go forward, whatever order events come in.
import type { Asked } from './messages';

/** The part of an event that says where it belongs. */
export interface Place {
  topic: string;
  position: number;
  isLast: boolean;
  /** The lines of a log. Their last one has the number `position`. */
  lines?: readonly unknown[];
  /** Whether the event is news at a position that is known. */
  hasBegun?: boolean;
}

export class Topics {
  readonly #positions: Map<string, number | null>;

  constructor(topics: readonly Asked[]) {
    this.#positions = new Map(topics);
  }

  /**
   * Takes an event. Answers how many of its lines are known already, or undefined if the event is old, doubled, or of
   * another topic: then nothing of it is shown.
   */
  take({ topic, position, isLast, lines = [], hasBegun = false }: Place): number | undefined {
    const known = this.#positions.get(topic);
    if (known === undefined) return undefined;
    const isNew = known === null || position > known || (hasBegun && position === known);
    if (isNew) this.#positions.set(topic, position);
    if (isLast) this.#positions.delete(topic);
    return isNew ? Math.max(0, (known ?? 0) - (position - lines.length)) : undefined;
  }

  /** Stops following a topic. */
  drop(topic: string): void {
    this.#positions.delete(topic);
  }

  /** The topics that go on, each with its position. Empty if all have ended. */
  asked(): Asked[] {
    return [...this.#positions];
  }
}
