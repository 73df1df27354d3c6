import { describe, expect, test } from 'vitest';
import type { ListedRun } from '../../lib/api/types';
import { barsOf, summary } from './bars';

const run = (id: string, state: ListedRun['state'], start: string, end?: string): ListedRun => ({
  id,
  state,
  startDate: `2026-01-01T00:00:${start}Z`,
  ...(end !== undefined && { endDate: `2026-01-01T00:00:${end}Z` }),
});
const now = Date.parse('2026-01-01T00:00:58Z');
const runs = [run('c', 'RUNNING', '50'), run('b', 'FAILED', '30', '34'), run('a', 'SUCCESS', '10', '12')];

describe('bars', () => {
  test('the oldest is first, and the longest is the highest', () => {
    const bars = barsOf(runs, now);
    expect(bars.map(({ run: { id } }) => id)).toEqual(['a', 'b', 'c']);
    expect(bars.map(({ height }) => height)).toEqual([0.25, 0.5, 1]);
  });

  test('a bar knows its duration, and what did not succeed has stripes', () => {
    const bars = barsOf(runs, now);
    expect(bars.map(({ took }) => took)).toEqual([2_000, 4_000, 8_000]);
    expect(bars.map(({ isStriped }) => isStriped)).toEqual([false, true, true]);
  });

  test('a clock that is behind makes no negative height', () => {
    expect(barsOf(runs, 0)[2]?.height).toBe(0);
  });

  test('states are counted, the most frequent first', () => {
    expect(summary([...runs, run('d', 'FAILED', '00', '01')])).toBe('2 FAILED, 1 RUNNING, 1 SUCCESS');
    expect(summary([])).toBe('');
  });
});
