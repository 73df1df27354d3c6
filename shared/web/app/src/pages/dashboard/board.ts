// What the dashboard asks for, and what of the answers needs somebody.
import type { Execution } from '../../lib/api/types';
import { name } from '../../lib/url/filters';

export const RANGES = [
  { id: '24h', name: '24 hours', hours: 24 },
  { id: '7d', name: '7 days', hours: 7 * 24 },
  { id: '30d', name: '30 days', hours: 30 * 24 },
] as const;

export type RangeId = (typeof RANGES)[number]['id'];

/** The states that need somebody. */
export const FAILED = 'FAILED,KILLED,WARNING';

/** The query for executions since a moment, in the grammar of the list. */
export function since(iso: string, states = ''): URLSearchParams {
  return new URLSearchParams({
    [name({ field: 'startDate', op: 'GREATER_THAN_OR_EQUAL_TO', value: '' })]: iso,
    ...(states && { [name({ field: 'state', op: 'IN', value: '' })]: states }),
  });
}

/** A share in percent, exact at both ends: only all of them are 100 %. */
export function percent(part: number, all: number): string {
  if (all === 0) return '–';
  const share = (100 * part) / all;
  if (part === all || part === 0) return `${share} %`;
  return `${Math.min(99.9, Math.max(0.1, share)).toFixed(1)} %`;
}

/**
 * The newest failure of each flow that has not succeeded since. `newest` are the newest executions of these flows.
 */
export function attention(failed: readonly Execution[], newest: readonly Execution[]): Execution[] {
  const key = ({ namespace, flowId }: Execution): string => `${namespace}/${flowId}`;
  const last = new Map(newest.map((one) => [key(one), one]));
  const seen = new Set<string>();
  return failed.filter((one) => {
    if (seen.has(key(one))) return false;
    seen.add(key(one));
    return last.get(key(one))?.state.current !== 'SUCCESS';
  });
}
