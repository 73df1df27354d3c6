import { describe, expect, test } from 'vitest';
import { always, between, hasTimes, partsOf, range, words, type LogPeriod } from './histogram';

const period: LogPeriod = {
  from: '2026-01-01T00:00:00Z',
  to: '2026-01-01T01:00:00Z',
  levels: { INFO: 6, ERROR: 2 },
};

describe('the chart of lines', () => {
  test('the most serious level is at the bottom, and heights add up', () => {
    expect(partsOf(period, 16)).toEqual([
      { level: 'ERROR', count: 2, from: 0, height: 0.125 },
      { level: 'INFO', count: 6, from: 0.125, height: 0.375 },
    ]);
    expect(partsOf({ ...period, levels: {} }, 0)).toEqual([]);
  });

  test('a bar says its counts', () => {
    expect(words(period)).toBe('2 ERROR, 6 INFO');
    expect(words({ ...period, levels: { INFO: 1234 } })).toBe('1,234 INFO');
    expect(words({ ...period, levels: {} })).toBe('no line');
  });

  test('a chosen time takes the place of another one', () => {
    const params = new URLSearchParams('timeRange=PT1H&page=3');
    between(params, period.from, period.to);
    expect([...params]).toEqual([
      ['filters[startDate][GREATER_THAN_OR_EQUAL_TO]', period.from],
      ['filters[startDate][LESS_THAN]', period.to],
    ]);
    expect(hasTimes(params)).toBe(true);
    always(params);
    expect([...params]).toEqual([]);
    expect(hasTimes(params)).toBe(false);
  });

  test('bars can be chosen in both directions', () => {
    expect(range(2, 5)).toEqual([2, 5]);
    expect(range(5, 2)).toEqual([2, 5]);
  });
});
