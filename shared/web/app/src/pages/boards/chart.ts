// The charts of a dashboard: what their source says, and how high each bar is. The server computes the values.
import type { components } from '../../lib/api/generated';
import { STATES } from '../../lib/state';
import type { StateName } from '../../lib/api/types';

type Schemas = components['schemas'];
export type Dashboard = Schemas['Dashboard'];
export type DashboardPage = Schemas['DashboardPage'];
export type ChartData = Schemas['ChartData'];
export type Row = Record<string, unknown>;

export type Kind = 'TimeSeries' | 'Bar' | 'Pie' | 'Table' | 'KPI' | 'Markdown';

export interface Column {
  key: string;
  title: string;
  field: string;
  hasAggregate: boolean;
}

export interface Chart {
  id: string;
  kind: Kind;
  title: string;
  about: string;
  /** From 1 to 12. */
  width: number;
  columns: Column[];
  /** The column of the bars. */
  by: string | undefined;
  /** The column that divides a bar, or the slices of a pie. */
  color: string | undefined;
  isPercentage: boolean;
  /** The text of a chart in Markdown. */
  text: string | undefined;
}

const WIDTHS: Record<Kind, number> = { TimeSeries: 12, Bar: 6, Pie: 6, Table: 12, KPI: 3, Markdown: 12 };

/** A chart as its source has it. The server has checked the source. */
export function chartOf(raw: Row): Chart {
  const options = mapOf(raw['chartOptions']);
  const kind = textOf(raw['type']).split('.').at(-1) as Kind;
  const columns = kind === 'KPI' ? {} : mapOf(mapOf(raw['data'])['columns']);
  const id = textOf(raw['id']);
  return {
    id,
    kind,
    title: textOf(options['displayName']) || id,
    about: textOf(options['description']),
    width: Number(options['width'] ?? WIDTHS[kind] ?? 6),
    columns: Object.entries(columns).map(([key, value]) => {
      const column = mapOf(value);
      const title = textOf(column['displayName']) || key;
      return { key, title, field: textOf(column['field']), hasAggregate: column['agg'] !== undefined };
    }),
    by: textOf(options['column']) || undefined,
    color: textOf(options['colorByColumn']) || undefined,
    isPercentage: options['numberType'] === 'PERCENTAGE',
    text: textOf(raw['content']) || textOf(mapOf(raw['source'])['content']) || undefined,
  };
}

function mapOf(value: unknown): Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** A value of a row as text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

export interface Part {
  name: string;
  value: number;
  /** The parts below it and its own height, as parts of the highest bar. */
  from: number;
  height: number;
}

export interface Bar {
  name: string;
  total: number;
  parts: Part[];
  /** The second value of a series, as a part of the highest one. */
  line: number;
}

export interface Bars {
  bars: Bar[];
  /** The names of the parts, in the order of their first bar. */
  names: string[];
  /** The title of the line. Empty if there is none. */
  line: string;
}

/** The bars of a chart. Names in `all` without rows get an empty bar. */
export function barsOf(chart: Chart, rows: readonly Row[], all: readonly string[] = []): Bars {
  const groups = chart.columns.filter(({ hasAggregate }) => !hasAggregate).map(({ key }) => key);
  const [first, second] = chart.columns.filter(({ hasAggregate }) => hasAggregate);
  const by = chart.by ?? groups.find((key) => key !== chart.color) ?? chart.color;
  const color = chart.color ?? groups.find((key) => key !== by);
  const sums = new Map<string, { parts: Map<string, number>; line: number }>();
  for (const name of all) sums.set(name, { parts: new Map(), line: 0 });
  for (const row of rows) {
    const name = by === undefined ? '' : shown(row[by]);
    const sum = sums.get(name) ?? { parts: new Map<string, number>(), line: 0 };
    const part = color === undefined ? '' : shown(row[color]);
    sum.parts.set(part, (sum.parts.get(part) ?? 0) + numberOf(first && row[first.key]));
    sum.line += numberOf(second && row[second.key]);
    sums.set(name, sum);
  }
  const totalOf = (parts: Map<string, number>): number => [...parts.values()].reduce((a, b) => a + b, 0);
  const found = [...sums].map(([name, { parts, line }]) => ({ name, parts, line, total: totalOf(parts) }));
  const most = Math.max(...found.map(({ total }) => total), 0) || 1;
  const highest = Math.max(...found.map(({ line }) => line), 0) || 1;
  const names = [...new Set(found.flatMap(({ parts }) => [...parts.keys()]))];
  const bars = found.map(({ name, parts, line, total }) => {
    let from = 0;
    const placed = [...parts].map(([part, value]) => {
      const one = { name: part, value, from: from / most, height: value / most };
      from += value;
      return one;
    });
    return { name, total, parts: placed, line: line / highest };
  });
  return { bars, names, line: second?.title ?? '' };
}

function numberOf(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}

export interface Slice {
  name: string;
  value: number;
  /** Where the slice begins, and how long it is, as parts of the whole. */
  from: number;
  share: number;
}

/** The slices of a pie. */
export function slicesOf(chart: Chart, rows: readonly Row[]): Slice[] {
  const value = chart.columns.find(({ hasAggregate }) => hasAggregate)?.key ?? '';
  const by = chart.color ?? chart.columns.find(({ hasAggregate }) => !hasAggregate)?.key ?? '';
  const sums = new Map<string, number>();
  for (const row of rows) {
    const name = shown(row[by]);
    sums.set(name, (sums.get(name) ?? 0) + numberOf(row[value]));
  }
  const whole = [...sums.values()].reduce((a, b) => a + b, 0) || 1;
  let from = 0;
  return [...sums].map(([name, value]) => {
    const slice = { name, value, from, share: value / whole };
    from += slice.share;
    return slice;
  });
}

/** A color for a name: that of the state with this name, or one of a circle. */
export function colorOf(name: string, at: number): string {
  if (STATES.includes(name as StateName)) return `var(--state-${name.toLowerCase()})`;
  return `hsl(${(210 + at * 67) % 360} 45% 52%)`;
}

const HOUR = 3_600_000;

/** The starts of the periods from one moment to another, as the server cuts them. Only for minutes, hours and days. */
export function periods(from: number, to: number): string[] {
  const hours = Math.floor((to - from) / HOUR);
  if (hours >= 181 * 24) return [];
  const step = hours >= 48 ? 24 * HOUR : hours >= 7 ? HOUR : HOUR / 60;
  const found: string[] = [];
  for (let at = Math.floor(from / step) * step; at <= to; at += step)
    found.push(new Date(at).toISOString().replace('.000Z', 'Z'));
  return found;
}

/** The hours of a duration of hours, minutes and seconds, as the server writes it. */
export function hoursOf(text: string): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?/.exec(text) ?? [];
  return Number(hours) + Number(minutes) / 60;
}
