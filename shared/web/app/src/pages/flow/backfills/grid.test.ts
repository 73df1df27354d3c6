import { describe, expect, it } from 'vitest';
import {
  coarser,
  counts,
  grainOf,
  rangeText,
  rowsOf,
  runsIn,
  slotsOf,
  spanOf,
  startOf,
  within,
  type Slot,
} from './grid';

/** Reads moments in UTC. */
function read(iso: string) {
  const date = new Date(iso);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

function slots(dates: string[], states: Record<string, 'SUCCESS' | 'FAILED' | 'KILLED'> = {}): Slot[] {
  return dates.map((date) => {
    const state = states[date];
    return { date, run: true, ...(state && { execution: { id: `of-${date}`, state } }) };
  });
}

describe('the grain of a cron', () => {
  it.each([
    ['0 9 1 * *', 'month'],
    ['0 9 1 1,7 *', 'month'],
    ['@monthly', 'month'],
    ['0 0 9 1 * *', 'month'],
    ['0 9 * * *', 'day'],
    ['0 6,18 * * *', 'day'],
    ['0 9 * * 1', 'day'],
    ['@weekly', 'day'],
    ['0 * * * *', 'hour'],
    ['*/10 * * * *', 'hour'],
    ['0 */6 * * *', 'hour'],
    ['@hourly', 'hour'],
  ])('%s is %s', (cron, grain) => expect(grainOf(cron)).toBe(grain));

  it('is that of the periods if fire times are counted', () => {
    const period = (from: string, to: string): Slot => ({
      date: from,
      run: true,
      period: { from, to, count: 24, runs: 24, states: {} },
    });
    expect(coarser('hour', slots(['2021-01-01T00:00:00Z']))).toBe('hour');
    expect(coarser('hour', [period('2021-01-01T00:00:00Z', '2021-01-01T23:00:00Z')])).toBe('day');
    expect(coarser('hour', [period('2021-01-01T00:00:00Z', '2021-01-31T23:00:00Z')])).toBe('month');
  });
});

it('finds the slots of a preview that counts by other periods', () => {
  const preview = (periods: [string, string][]) => ({
    slots: [],
    periods: periods.map(([from, to]) => ({ from, to, count: 2, runs: 1, states: { SUCCESS: 1 } })),
    ...{ count: 4, missing: 2, failed: 0, total: 2, timezone: 'UTC' },
  });
  const days = slots(['2021-01-01T09:00:00Z', '2021-01-02T09:00:00Z', '2021-02-01T09:00:00Z']);
  const month = preview([['2021-01-02T09:00:00Z', '2021-01-31T09:00:00Z']]);
  expect([...within(days, month)]).toEqual(['2021-01-02T09:00:00Z']);
  const months = slotsOf(
    preview([
      ['2021-01-01T09:00:00Z', '2021-01-31T09:00:00Z'],
      ['2021-02-01T09:00:00Z', '2021-02-28T09:00:00Z'],
    ]),
  );
  expect([...within(months, month)]).toEqual(['2021-01-01T09:00:00Z']);
  expect([...within(months, undefined)]).toEqual([]);
  const [first] = months;
  if (!first) throw new Error('the preview has periods');
  expect(['MISSING', 'FAILED', 'ALL'].map((mode) => runsIn(mode as 'ALL', first))).toEqual([
    true,
    true,
    true,
  ]);
  const whole = { ...first, period: { ...first.period, count: 1 } as NonNullable<Slot['period']> };
  expect(runsIn('MISSING', whole)).toBe(false);
});

it('puts years above each other, newest first, with a column for each month', () => {
  const rows = rowsOf(
    slots(['2020-12-01T09:00:00Z', '2021-01-01T09:00:00Z', '2021-03-01T09:00:00Z']),
    'month',
    read,
  );
  expect(rows.map(({ name }) => name)).toEqual(['2021', '2020']);
  expect(rows[0]?.cells[0]).toEqual({ column: 0, first: 1, last: 1 });
  expect(rows[0]?.cells[1]).toBeUndefined();
  expect(rows[0]?.cells[2]).toEqual({ column: 2, first: 2, last: 2 });
});

it('has several fire times in one cell', () => {
  const [row] = rowsOf(slots(['2021-01-01T09:00:00Z', '2021-01-01T09:30:00Z']), 'hour', read);
  expect(row?.cells[9]).toEqual({ column: 9, first: 0, last: 1 });
});

it('writes whole days as days, and parts of days as moments', () => {
  const two = slots(['2021-01-01T06:00:00Z', '2021-01-01T18:00:00Z', '2021-01-02T06:00:00Z']);
  expect(rangeText(two, 0, 1, read)).toEqual({ start: '2021-01-01', end: '2021-01-01' });
  expect(rangeText(two, 0, 2, read)).toEqual({ start: '2021-01-01', end: '2021-01-02' });
  expect(rangeText(two, 1, 2, read)).toEqual({ start: '2021-01-01T18:00:00Z', end: '2021-01-02T06:00:00Z' });
});

it('begins with whole years, months or days', () => {
  const now = { year: 2026, month: 2, day: 5, hour: 0, minute: 0 };
  expect(startOf('month', now, 0)).toBe('2024-01-01');
  expect(startOf('month', now, 1)).toBe('2021-01-01');
  expect(startOf('day', now, 0)).toBe('2025-03-01');
  expect(startOf('hour', now, 0)).toBe('2026-01-23');
});

it('counts what each mode runs', () => {
  const dates = [
    '2021-01-01T00:00:00Z',
    '2021-02-01T00:00:00Z',
    '2021-03-01T00:00:00Z',
    '2021-04-01T00:00:00Z',
  ];
  const some = slots(dates, {
    '2021-01-01T00:00:00Z': 'SUCCESS',
    '2021-02-01T00:00:00Z': 'KILLED',
    '2021-03-01T00:00:00Z': 'FAILED',
  });
  const preview = { slots: some, periods: [], count: 4, missing: 1, failed: 2, total: 1, timezone: 'UTC' };
  expect(counts(preview)).toEqual({ MISSING: 1, FAILED: 3, ALL: 4 });
  expect(spanOf(some, 'FAILED')).toEqual([1, 2]);
  expect(spanOf(some, 'MISSING')).toEqual([3, 3]);
  expect(spanOf(some.slice(0, 3), 'MISSING')).toBeUndefined();
});
