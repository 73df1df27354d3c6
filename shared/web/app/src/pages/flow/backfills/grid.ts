// The fire times of a schedule as rows and columns: years and months, months and days, or days and hours.
import type { components } from '../../../lib/api/generated';
import type { StateName } from '../../../lib/api/types';
import { dateText, type Parts } from '../../../lib/format/parts';
import type { Mode } from './modes';

type Preview = components['schemas']['BackfillPreview'];
export type Period = components['schemas']['PreviewPeriod'];
/** A fire time, or a day or month with so many that they are counted. */
export type Slot = components['schemas']['PreviewSlot'] & { period?: Period };
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

/** More fire times than this are counted by the server, and shown as days or months. */
export const MOST = 2_000;
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

/** What a preview lists: its fire times, or its periods. */
export function slotsOf(preview: Preview | undefined): Slot[] {
  const periods = preview?.periods ?? [];
  if (periods.length === 0) return preview?.slots ?? [];
  return periods.map((period) => ({ date: period.from, run: period.runs > 0, period }));
}

/** The last fire time of a slot: of a period its end. */
function endOf({ date, period }: Slot): string {
  return period?.to ?? date;
}

/** How many fire times a slot has. */
export function countOf({ period }: Slot): number {
  return period?.count ?? 1;
}

/** The states of the executions of a slot, with their numbers. */
export function statesOf({ period, execution }: Slot): [StateName, number][] {
  if (period) return Object.entries(period.states) as [StateName, number][];
  return execution ? [[execution.state, 1]] : [];
}

/** Whether a mode runs a fire time, or a fire time of a period. */
export function runsIn(mode: Mode, slot: Slot): boolean {
  if (mode === 'ALL') return true;
  const states = statesOf(slot);
  const known = states.reduce((sum, [, count]) => sum + count, 0);
  if (known < countOf(slot)) return true;
  return mode === 'FAILED' && states.some(([state]) => FAILED.includes(state));
}

/** The dates of the slots that have a fire time of a preview. The preview may count by other periods. */
export function within(slots: readonly Slot[], preview: Preview | undefined): Set<string> {
  const chosen = slotsOf(preview);
  const found = new Set<string>();
  let at = 0;
  for (const slot of slots) {
    while (at < chosen.length && Date.parse(endOf(chosen[at] as Slot)) < Date.parse(slot.date)) at += 1;
    const next = chosen[at];
    if (next && Date.parse(next.date) <= Date.parse(endOf(slot))) found.add(slot.date);
  }
  return found;
}

/** The grain of the cells: that of the schedule, or that of the periods if fire times are counted. */
export function coarser(grain: Grain, slots: readonly Slot[]): Grain {
  const periods = slots.flatMap(({ period }) => period ?? []);
  if (periods.length === 0) return grain;
  const longest = Math.max(...periods.map(({ from, to }) => Date.parse(to) - Date.parse(from)));
  return longest > 86_400_000 ? 'month' : 'day';
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
  const end = slots[last] && endOf(slots[last]);
  const text = (iso: string | undefined): string => (iso && (isWhole ? dateText(read(iso)) : iso)) ?? '';
  return { start: text(slots[first]?.date), end: text(end) };
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

const FAILED: readonly string[] = ['FAILED', 'KILLED', 'CANCELLED'];

/** How many fire times each mode runs. */
export function counts(preview: Preview | undefined): Record<Mode, number> {
  const { missing = 0, failed = 0, count = 0 } = preview ?? {};
  return { MISSING: missing, FAILED: missing + failed, ALL: count };
}

/** The range from the first to the last fire time that a mode would run. Undefined if there is none. */
export function spanOf(slots: readonly Slot[], mode: 'MISSING' | 'FAILED'): [number, number] | undefined {
  const isIn = (slot: Slot): boolean =>
    mode === 'MISSING' ? runsIn('MISSING', slot) : statesOf(slot).some(([state]) => FAILED.includes(state));
  const first = slots.findIndex(isIn);
  return first < 0 ? undefined : [first, slots.findLastIndex(isIn)];
}
