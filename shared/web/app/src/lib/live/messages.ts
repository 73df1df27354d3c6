// What tabs and the hub say to each other.

/** A topic, and the last position that the tab has. Null if the tab has nothing of the topic. */
export type Asked = readonly [topic: string, position: number | null];

export type ToHub =
  /** The tab is used, and follows exactly these streams. Sent at every change, and every `PING` without one. */
  | { kind: 'here'; streams: { id: number; topics: Asked[] }[] }
  /** The tab is hidden or not used, and follows nothing. */
  | { kind: 'rest' };

export type ToTab =
  /** An event of a stream, as JSON. The tab parses it, because numbers that are kept exactly cannot be sent. */
  | { kind: 'event'; stream: number; text: string }
  | { kind: 'status'; status: 'live' | 'reconnecting' | 'paused' }
  /** The server refuses a topic of the stream. */
  | { kind: 'refused'; stream: number; status: number; message: string };

/** The time between two messages of a tab that is used, in ms. */
export const PING = 20_000;
/** A tab that is silent for this time is gone, in ms. */
export const SILENCE = 65_000;
