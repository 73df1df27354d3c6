import { describe, expect, it } from 'vitest';
import type { TopicEvent } from '../api/types';
import { Topics } from './topics';

const event = (topic: string, position: number, isLast = false): TopicEvent => ({ topic, position, isLast });

describe('topics of a stream', () => {
  it('go forward only, and continue where they were', () => {
    const topics = new Topics(['execution:a', 'log:a']);
    expect(topics.ask()).toBe('execution:a,log:a');
    expect(topics.take(event('execution:a', 3))).toBe(true);
    expect(topics.take(event('execution:a', 2))).toBe(false);
    expect(topics.take(event('execution:a', 3))).toBe(false);
    expect(topics.take(event('log:b', 9))).toBe(false);
    expect(topics.ask()).toBe('execution:a@3,log:a');
    expect(topics.take(event('log:a', 5, true))).toBe(true);
    expect(topics.take(event('execution:a', 4, true))).toBe(true);
    expect(topics.ask()).toBe('');
  });

  it('end in the same state, whatever is doubled, late or sent again after a cut', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const next = (below: number) => (state = (state * 48271) % 2147483647) % below;
      const topics = new Topics(['execution:a']);
      let shown = 0;
      for (let at = 1; at <= 30; at += 1) {
        const position = Math.max(1, at - next(6) + next(3));
        if (topics.take(event('execution:a', position))) {
          expect(position).toBeGreaterThan(shown);
          shown = position;
        }
      }
      topics.take(event('execution:a', 40, true));
      expect(topics.ask()).toBe('');
    }
  });
});
