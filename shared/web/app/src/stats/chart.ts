// A chart of executions by day or hour: how high each part is, and where its bar leads.
import type { components } from '../lib/api/generated';
import type { StateName } from '../lib/api/types';
import { hasEnded, STATES } from '../lib/state';
import { name, type Filter } from '../lib/url/filters';

export type ExecutionStats = components['schemas']['ExecutionStats'];
export type Period = components['schemas']['StatsPeriod'];

/** The states of a bar from below to above: what went well first, then what needs somebody. */
export const ORDER: readonly StateName[] = [
  'SUCCESS',
  'WARNING',
  'FAILED',
  'KILLED',
  'CANCELLED',
  ...STATES.filter(
    (state) => hasEnded(state) && !['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED'].includes(state),
  ),
];

export interface Part {
  state: StateName;
  count: number;
  /** The part below it and its own height, as parts of the highest bar. */
  from: number;
  height: number;
}

export function countOf({ states }: Period): number {
  return Object.values(states).reduce((sum, count) => sum + count, 0);
}

/** The highest bar, at least 1. */
export function highest(periods: readonly Period[]): number {
  return Math.max(1, ...periods.map(countOf));
}

/** The parts of a bar. `most` is the highest bar. */
export function partsOf({ states }: Period, most: number): Part[] {
  let from = 0;
  return ORDER.flatMap((state) => {
    const count = states[state] ?? 0;
    if (count === 0) return [];
    const part = { state, count, from: from / most, height: count / most };
    from += count;
    return [part];
  });
}

/** The query of the list with the executions of a period and a state. */
export function listOf(
  { from, to }: Period,
  state: StateName | undefined,
  fixed: readonly Filter[],
): URLSearchParams {
  const query = new URLSearchParams();
  for (const filter of fixed) query.append(name(filter), filter.value);
  const date = (op: string, value: string): void =>
    query.append(name({ field: 'startDate', op, value: '' }), value);
  date('GREATER_THAN_OR_EQUAL_TO', from);
  // The list has both ends, and a period does not have its end.
  date('LESS_THAN_OR_EQUAL_TO', new Date(Date.parse(to) - 1).toISOString());
  const states = state ? [state] : ORDER;
  query.append(name({ field: 'state', op: 'IN', value: '' }), states.join());
  return query;
}

/** The points of a line of durations, as parts of width and of the longest duration. */
export function line(periods: readonly Period[], of: 'medianMs' | 'p95Ms'): { at: number; ms: number }[] {
  return periods.flatMap((period, at) => {
    const ms = period[of];
    return ms === undefined ? [] : [{ at: (at + 0.5) / periods.length, ms }];
  });
}
