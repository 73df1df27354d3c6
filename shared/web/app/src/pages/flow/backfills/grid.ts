// The fire times of a schedule as rows and columns: years and months, months and days, or days and hours.
import type { components } from '../../../lib/api/generated';
import { dateText, type Parts } from '../../../lib/format/parts';

export type Slot = components['schemas']['PreviewSlot'];
export type Grain = 'month' | 'day' | 'hour';

/** A place of the calendar. It has all fire times of its month, day or hour. */
export interface Cell {
  /** The column, from 0. */
  column: number;
  /** The first and the last fire time, as positions in the list. */
  first: number;
  last: number;
}

export interface Row {
  name: string;
  /** The cells by their column. A column without a fire time has none. */
  cells: (Cell | undefined)[];
}

/** More fire times than this are shown in larger cells. */
const MOST = 2_000;
export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const ALIASES: Record<string, Grain> = {
  '@yearly': 'month',
  '@annually': 'month',
  '@monthly': 'month',
  '@weekly': 'day',
  '@daily': 'day',
  '@midnight': 'day',
  '@hourly': 'hour',
};

/** How large the cells of a schedule are. A cron with six fields begins with seconds. */
export function grainOf(cron: string): Grain {
  const alias = ALIASES[cron.trim().toLowerCase()];
  if (alias) return alias;
  const [, hour = '*', day = '*', , weekday = '*'] = cron.trim().split(/\s+/).slice(-5);
  if (!/^\d+(,\d+)*$/.test(hour)) return 'hour';
  const isEach = (field: string): boolean => field === '*' || field === '?' || /[-/,]/.test(field);
  return /^(\d+|L)$/.test(day) && isEach(weekday) && !/^\d+$/.test(weekday) ? 'month' : 'day';
}

/** The grain that shows a number of fire times in cells that can be seen. */
export function coarser(grain: Grain, count: number): Grain {
  if (count <= MOST) return grain;
  return grain === 'hour' && count <= MOST * 24 ? 'day' : 'month';
}

export function columnNames(grain: Grain): string[] {
  if (grain === 'month') return MONTHS;
  const count = grain === 'day' ? 31 : 24;
  return Array.from({ length: count }, (_, at) => String(grain === 'day' ? at + 1 : at));
}

/** The rows, newest first. */
export function rowsOf(slots: readonly Slot[], grain: Grain, read: (iso: string) => Parts): Row[] {
  const rows: Row[] = [];
  slots.forEach(({ date }, at) => {
    const parts = read(date);
    const name = rowName(parts, grain);
    const column = grain === 'month' ? parts.month - 1 : grain === 'day' ? parts.day - 1 : parts.hour;
    let row = rows.at(-1);
    if (row?.name !== name)
      rows.push((row = { name, cells: new Array(columnNames(grain).length).fill(undefined) }));
    const cell = row.cells[column];
    if (cell) cell.last = at;
    else row.cells[column] = { column, first: at, last: at };
  });
  return rows.reverse();
}

function rowName(parts: Parts, grain: Grain): string {
  if (grain === 'month') return String(parts.year);
  if (grain === 'hour') return dateText(parts);
  return `${MONTHS[parts.month - 1] ?? ''} ${parts.year}`;
}

/** A range of fire times as text: days if each day is in it as a whole, else moments. */
export function rangeText(
  slots: readonly Slot[],
  first: number,
  last: number,
  read: (iso: string) => Parts,
): { start: string; end: string } {
  const day = (at: number): string | undefined => {
    const slot = slots[at];
    return slot && dateText(read(slot.date));
  };
  const isWhole = day(first - 1) !== day(first) && day(last + 1) !== day(last);
  const text = (at: number): string => (isWhole ? day(at) : slots[at]?.date) ?? '';
  return { start: text(first), end: text(last) };
}

/** The first day that the calendar shows. `back` is how often somebody asked for earlier ones. */
export function startOf(grain: Grain, { year, month, day }: Parts, back: number): string {
  if (grain === 'month') return `${year - 2 - 3 * back}-01-01`;
  const moved =
    grain === 'day'
      ? Date.UTC(year, month - 12 - 12 * back, 1)
      : Date.UTC(year, month - 1, day - 13 - 14 * back);
  return new Date(moved).toISOString().slice(0, 10);
}

const FAILED = ['FAILED', 'KILLED', 'CANCELLED'];

/** How many fire times each mode runs. */
export function counts(slots: readonly Slot[]): Record<'MISSING' | 'FAILED' | 'ALL', number> {
  const missing = slots.filter(({ execution }) => !execution).length;
  const failed = slots.filter(({ execution }) => execution && FAILED.includes(execution.state)).length;
  return { MISSING: missing, FAILED: missing + failed, ALL: slots.length };
}

/** The range from the first to the last fire time that a mode would run. Undefined if there is none. */
export function spanOf(slots: readonly Slot[], mode: 'MISSING' | 'FAILED'): [number, number] | undefined {
  const isIn = ({ execution }: Slot): boolean =>
    mode === 'MISSING' ? !execution : execution !== undefined && FAILED.includes(execution.state);
  const first = slots.findIndex(isIn);
  return first < 0 ? undefined : [first, slots.findLastIndex(isIn)];
}
