import { describe, expect, it } from 'vitest';
import { Topics, type Place } from './topics';

const event = (topic: string, position: number, isLast = false): Place => ({ topic, position, isLast });

describe('topics of a stream', () => {
  it('go forward only, and continue where they were', () => {
    const topics = new Topics([
      ['execution:a', null],
      ['log:a', null],
    ]);
    expect(topics.take(event('execution:a', 3))).toBe(0);
    expect(topics.take(event('execution:a', 2))).toBeUndefined();
    expect(topics.take(event('execution:a', 3))).toBeUndefined();
    expect(topics.take({ ...event('execution:a', 3), hasBegun: true })).toBe(0);
    expect(topics.take({ ...event('execution:a', 2), hasBegun: true })).toBeUndefined();
    expect(topics.take(event('log:b', 9))).toBeUndefined();
    expect(topics.asked()).toEqual([
      ['execution:a', 3],
      ['log:a', null],
    ]);
    expect(topics.take(event('log:a', 5, true))).toBe(0);
    expect(topics.take(event('execution:a', 4, true))).toBe(0);
    expect(topics.asked()).toEqual([]);
  });

  it('have each line of a log once, when batches overlap after a cut', () => {
    const topics = new Topics([['log:a', null]]);
    let state = 7;
    const next = (below: number) => (state = (state * 48271) % 2147483647) % below;
    const shown: number[] = [];
    while (shown.length < 500) {
      // The server may begin again at any line that the tab has, or at the next one.
      const from = next(shown.length + 1);
      const lines = Array.from({ length: 1 + next(40) }, (_, at) => from + at + 1);
      const known = topics.take({ topic: 'log:a', position: from + lines.length, isLast: false, lines });
      if (known !== undefined) shown.push(...lines.slice(known));
    }
    expect(shown).toEqual(Array.from({ length: shown.length }, (_, at) => at + 1));
  });
});
