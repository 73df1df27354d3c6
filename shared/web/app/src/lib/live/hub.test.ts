import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refusal } from '../api/client';
import { Hub } from './hub';
import { SILENCE, type Asked, type ToTab } from './messages';

/** A stream that a test feeds. */
class Fed {
  readonly #texts: string[] = [];
  #wake: () => void = () => undefined;
  #hasEnded = false;

  constructor(
    readonly topics: string,
    readonly signal: AbortSignal,
  ) {}

  say(topic: string, position: number, more: object = {}): void {
    this.#texts.push(JSON.stringify({ topic, position, isLast: false, ...more }));
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) yield text;
      else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const execution: Asked = ['execution:a', null];
const log: Asked = ['log:a', null];

describe('the hub of all tabs', () => {
  let opened: Fed[] = [];
  let refused = new Set<string>();

  const hub = () =>
    new Hub(async (topics, signal) => {
      const wrong = topics.split(',').find((topic) => refused.has(topic.split('@')[0] ?? ''));
      if (wrong) throw new Refusal(404, `there is no ${wrong}`);
      const fed = new Fed(topics, signal);
      opened.push(fed);
      return fed;
    });
  const tab = (of: Hub) => {
    const heard: ToTab[] = [];
    const send = of.join((message) => heard.push(message));
    const follow = (...topics: Asked[]) => send({ kind: 'here', streams: [{ id: 1, topics }] });
    const positions = () =>
      heard.flatMap((message) =>
        message.kind === 'event' ? [(JSON.parse(message.text) as { position: number }).position] : [],
      );
    return { heard, send, follow, positions };
  };
  const open = () => opened.filter(({ signal }) => !signal.aborted);
  const settle = (time = 50) => vi.advanceTimersByTimeAsync(time);

  beforeEach(() => {
    vi.useFakeTimers();
    opened = [];
    refused = new Set();
  });
  afterEach(() => vi.useRealTimers());

  it('has one stream for ten tabs, and each tab hears of its own topics only', async () => {
    const one = hub();
    const tabs = Array.from({ length: 10 }, (_, at) => {
      const made = tab(one);
      made.follow([`execution:${at}`, null]);
      return made;
    });
    await settle();
    expect(open()).toHaveLength(1);
    expect(open()[0]?.topics.split(',')).toHaveLength(10);
    open()[0]?.say('execution:3', 7);
    await settle();
    expect(tabs.map(({ positions }) => positions().length)).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('begins again for a tab that comes later, and repeats nothing to the others', async () => {
    const one = hub();
    const [first, second] = [tab(one), tab(one)];
    first.follow(log);
    await settle();
    open()[0]?.say('log:a', 100, { lines: Array(100).fill('x') });
    await settle();
    second.follow(log);
    await settle();
    expect(open()).toHaveLength(1);
    expect(open()[0]?.topics).toBe('log:a');
    open()[0]?.say('log:a', 100, { lines: Array(100).fill('x') });
    open()[0]?.say('log:a', 101, { lines: ['x'] });
    await settle();
    expect(first.positions()).toEqual([100, 101]);
    expect(second.positions()).toEqual([100, 101]);
  });

  it('continues after a cut with the positions it has, and says so', async () => {
    const one = hub();
    const { follow, heard } = tab(one);
    follow(execution, log);
    await settle();
    open()[0]?.say('execution:a', 5);
    open()[0]?.end();
    await settle();
    expect(heard.at(-1)).toEqual({ kind: 'status', status: 'reconnecting' });
    await settle(1_000);
    expect(opened.at(-1)?.topics).toBe('execution:a@5,log:a');
    expect(heard.at(-1)).toEqual({ kind: 'status', status: 'live' });
  });

  it('closes the stream when tabs rest, are silent, or have all they follow', async () => {
    const one = hub();
    const [first, second] = [tab(one), tab(one)];
    first.follow(execution);
    second.follow(execution);
    await settle();
    first.send({ kind: 'rest' });
    await settle();
    expect(open()).toHaveLength(1);
    await settle(SILENCE + 1);
    one.sweep();
    await settle();
    expect(open()).toHaveLength(0);
    second.follow(execution);
    await settle();
    open()[0]?.say('execution:a', 9, { isLast: true });
    open()[0]?.end();
    await settle(20_000);
    expect(opened).toHaveLength(2);
  });

  it('tells one tab of its refused topic, and goes on for the others', async () => {
    const one = hub();
    refused.add('execution:gone');
    const [first, second] = [tab(one), tab(one)];
    first.follow(['execution:gone', null]);
    second.follow(execution);
    await settle(2_000);
    expect(first.heard).toContainEqual({
      kind: 'refused',
      stream: 1,
      status: 404,
      message: 'there is no execution:gone',
    });
    expect(opened.at(-1)?.topics).toBe('execution:a');
    expect(second.heard.at(-1)).toEqual({ kind: 'status', status: 'live' });
  });
});
