import { describe, expect, it } from 'vitest';
import { barsOf, chartOf, colorOf, hoursOf, periods, shown, slicesOf } from './chart';

const series = chartOf({
  id: 'days',
  type: 'io.kestra.plugin.core.dashboard.chart.TimeSeries',
  chartOptions: { displayName: 'Days', column: 'date', colorByColumn: 'state', width: 8 },
  data: {
    columns: {
      date: { field: 'START_DATE' },
      state: { field: 'STATE' },
      total: { agg: 'COUNT', displayName: 'Executions' },
      time: { field: 'DURATION', agg: 'SUM', displayName: 'Seconds' },
    },
  },
});

describe('charts of dashboards', () => {
  it('reads what the source says', () => {
    expect(series).toMatchObject({ kind: 'TimeSeries', title: 'Days', width: 8, by: 'date', color: 'state' });
    expect(series.columns.map(({ title }) => title)).toEqual(['date', 'state', 'Executions', 'Seconds']);
    const text = chartOf({ id: 'a', type: 'x.Markdown', source: { type: 'Text', content: 'hello' } });
    expect(text).toMatchObject({ kind: 'Markdown', title: 'a', text: 'hello', columns: [] });
  });

  it('stacks the parts of a bar, and keeps empty periods', () => {
    const rows = [
      { date: 'b', state: 'FAILED', total: 1, time: 2 },
      { date: 'b', state: 'SUCCESS', total: 3, time: 2 },
      { date: 'c', state: 'SUCCESS', total: 2, time: null },
    ];
    const { bars, names, line } = barsOf(series, rows, ['a', 'b', 'c']);
    expect(bars.map(({ name, total, line }) => [name, total, line])).toEqual([
      ['a', 0, 0],
      ['b', 4, 1],
      ['c', 2, 0],
    ]);
    expect(bars[1]?.parts.map(({ from, height }) => [from, height])).toEqual([
      [0, 0.25],
      [0.25, 0.75],
    ]);
    expect([names, line]).toEqual([['FAILED', 'SUCCESS'], 'Seconds']);
    expect(barsOf(series, []).bars).toEqual([]);
  });

  it('cuts a pie', () => {
    const pie = chartOf({
      id: 'p',
      type: 'x.Pie',
      data: { columns: { state: { field: 'STATE' }, total: { agg: 'COUNT' } } },
    });
    const rows = [
      { state: 'FAILED', total: 1 },
      { state: null, total: 3 },
    ];
    expect(slicesOf(pie, rows)).toEqual([
      { name: 'FAILED', value: 1, from: 0, share: 0.25 },
      { name: '–', value: 3, from: 0.25, share: 0.75 },
    ]);
    expect(slicesOf(pie, [])).toEqual([]);
    expect(colorOf('FAILED', 0)).toBe('var(--state-failed)');
    expect(colorOf('a', 1)).not.toBe(colorOf('b', 2));
  });

  it('knows the periods of the server', () => {
    const at = (text: string) => Date.parse(text);
    expect(periods(at('2024-05-01T10:00:00Z'), at('2024-05-03T11:00:00Z'))).toEqual([
      '2024-05-01T00:00:00Z',
      '2024-05-02T00:00:00Z',
      '2024-05-03T00:00:00Z',
    ]);
    expect(periods(at('2024-05-01T10:30:00Z'), at('2024-05-02T10:30:00Z'))).toHaveLength(25);
    expect(periods(at('2024-01-01T00:00:00Z'), at('2024-12-01T00:00:00Z'))).toEqual([]);
    expect([hoursOf('PT720H'), hoursOf('PT30M'), hoursOf('PT0S')]).toEqual([720, 0.5, 0]);
    expect([shown(null), shown(1.5), shown('a')]).toEqual(['–', '1.5', 'a']);
  });
});
