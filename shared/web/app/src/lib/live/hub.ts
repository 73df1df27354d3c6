// Holds the only stream of live changes of this browser, and hands its events to the tabs that follow them.
// The hub knows no page and no DOM: it runs in a shared worker, or in the tab itself where there is none.
import { Refusal } from '../api/client';
import { SILENCE, type ToHub, type ToTab } from './messages';
import { Topics, type Place } from './topics';

/** Opens a stream of events, as text. The promise is done when the server has accepted the topics. */
export type Source = (topics: string, signal: AbortSignal) => Promise<AsyncIterable<string>>;

/** The largest number of topics of a stream, as the server has it. */
const MOST = 50;
/** Changes of topics within this time, in ms, are one change of the stream. */
const PAUSE = 20;
/** The shortest and the longest wait before another try, in ms. */
const WAITS = { first: 500, longest: 15_000 };

interface Tab {
  send: (message: ToTab) => void;
  heard: number;
  streams: Map<number, Topics>;
}

interface Connection {
  request: AbortController;
  isAccepted: boolean;
  /** How far the connection has come in each topic. -1 at the start of a topic. */
  positions: Map<string, number>;
}

export class Hub {
  readonly #tabs = new Set<Tab>();
  #connection: Connection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = WAITS.first;

  constructor(readonly source: Source) {}

  /** Adds a tab. The answer takes its messages. */
  join(send: (message: ToTab) => void): (message: ToHub) => void {
    const tab: Tab = { send, heard: 0, streams: new Map() };
    return (message) => this.#hear(tab, message);
  }

  /** Forgets tabs that are gone without a word. */
  sweep(): void {
    for (const tab of this.#tabs) if (Date.now() - tab.heard > SILENCE) this.#forget(tab);
  }

  #hear(tab: Tab, message: ToHub): void {
    if (message.kind === 'rest') return this.#forget(tab);
    this.#tabs.add(tab);
    tab.heard = Date.now();
    const wanted = new Set(message.streams.map(({ id }) => id));
    for (const id of tab.streams.keys()) if (!wanted.has(id)) tab.streams.delete(id);
    for (const { id, topics } of message.streams)
      if (!tab.streams.has(id)) tab.streams.set(id, new Topics(topics));
    if (this.#connection?.isAccepted) this.#tell('live');
    this.#plan(PAUSE);
  }

  #forget(tab: Tab): void {
    tab.streams.clear();
    this.#tabs.delete(tab);
    this.#plan(PAUSE);
  }

  /** The topics to follow, each with the lowest position that a stream has. Topics of the newest tabs come first. */
  #needed(): Map<string, number> {
    const needed = new Map<string, number>();
    for (const tab of [...this.#tabs].reverse())
      for (const topics of tab.streams.values())
        for (const [topic, position] of topics.asked()) {
          const lowest = Math.min(needed.get(topic) ?? Infinity, position ?? -1);
          if (needed.has(topic) || needed.size < MOST) needed.set(topic, lowest);
        }
    return needed;
  }

  #plan(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#follow(), wait);
  }

  /** Opens the stream again if it does not have what the tabs need. */
  #follow(): void {
    const needed = this.#needed();
    const has = this.#connection?.positions;
    const isSame = has?.size === needed.size;
    if (isSame && [...needed].every(([topic, position]) => (has?.get(topic) ?? Infinity) <= position)) return;
    this.#connection?.request.abort();
    this.#connection = undefined;
    if (needed.size > 0) void this.#open(needed);
  }

  async #open(positions: Map<string, number>): Promise<void> {
    const connection: Connection = { request: new AbortController(), isAccepted: false, positions };
    const { signal } = connection.request;
    this.#connection = connection;
    const topics = [...positions].map(([topic, at]) => (at < 0 ? topic : `${topic}@${at}`));
    try {
      const events = await this.source(topics.join(','), signal);
      connection.isAccepted = true;
      this.#wait = WAITS.first;
      this.#tell('live');
      for await (const text of events) {
        if (signal.aborted) return;
        this.#deliver(connection, text);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status >= 400 && error.status < 500)
        await this.#sort([...positions.keys()]);
    }
    if (signal.aborted) return;
    this.#connection = undefined;
    if (this.#needed().size === 0) return;
    this.#tell('reconnecting');
    this.#plan(this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, WAITS.longest);
  }

  #deliver({ positions }: Connection, text: string): void {
    const place = JSON.parse(text) as Place;
    if (place.isLast) positions.delete(place.topic);
    else positions.set(place.topic, place.position);
    for (const tab of this.#tabs)
      for (const [stream, topics] of tab.streams) {
        const isLast = place.isLast && topics.asked().some(([topic]) => topic === place.topic);
        if (topics.take(place) !== undefined || isLast) tab.send({ kind: 'event', stream, text });
      }
  }

  /** Finds out which topics the server refuses, because one refused topic refuses the whole stream. */
  async #sort(topics: string[]): Promise<void> {
    for (const topic of topics) {
      const request = new AbortController();
      try {
        await this.source(topic, request.signal);
        request.abort();
      } catch (error) {
        if (error instanceof Refusal && error.status >= 400 && error.status < 500) this.#refuse(topic, error);
      }
    }
  }

  #refuse(topic: string, { status, message }: Refusal): void {
    for (const tab of this.#tabs)
      for (const [stream, topics] of tab.streams) {
        if (!topics.asked().some(([asked]) => asked === topic)) continue;
        topics.drop(topic);
        tab.send({ kind: 'refused', stream, status, message });
      }
  }

  /** Says how the stream is. A tab with topics above the limit of the server is paused. */
  #tell(status: 'live' | 'reconnecting'): void {
    const served = this.#connection?.positions;
    for (const tab of this.#tabs) {
      const topics = [...tab.streams.values()].flatMap((one) => one.asked());
      const isServed = topics.every(([topic]) => served === undefined || served.has(topic));
      tab.send({ kind: 'status', status: isServed ? status : 'paused' });
    }
  }
}
