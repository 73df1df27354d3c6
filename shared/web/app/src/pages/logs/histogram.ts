// Lines over time by level, and the part of the time that somebody chooses.
import type { components } from '../../lib/api/generated';
import type { LogLevel } from '../../lib/api/types';
import { grouped } from '../../lib/format/number';
import { name, set, type Filter } from '../../lib/url/filters';
import { LEVELS } from '../execution/lines';

type Schemas = components['schemas'];
export type LogHistogram = Schemas['LogHistogram'];
export type LogPeriod = Schemas['LogPeriod'];

/** A level in a bar: from the bottom up, the most serious level first, so that a single error is seen. */
export interface Part {
  level: LogLevel;
  count: number;
  /** Parts of the height of the chart, from 0 to 1. */
  from: number;
  height: number;
}

const SERIOUS_FIRST = [...LEVELS].reverse();

export function countOf({ levels }: LogPeriod): number {
  return Object.values(levels).reduce((sum, count) => sum + count, 0);
}

export function partsOf(period: LogPeriod, highest: number): Part[] {
  let below = 0;
  return SERIOUS_FIRST.flatMap((level) => {
    const count = period.levels[level] ?? 0;
    if (count === 0) return [];
    const part = { level, count, from: below, height: count / Math.max(1, highest) };
    below += part.height;
    return [part];
  });
}

/** What a bar counts, in words: `3 ERROR, 120 INFO`. */
export function words(period: LogPeriod): string {
  const counts = SERIOUS_FIRST.flatMap((level) => {
    const count = period.levels[level];
    return count ? [`${grouped(count)} ${level}`] : [];
  });
  return counts.length > 0 ? counts.join(', ') : 'no line';
}

const START: Filter = { field: 'startDate', op: 'GREATER_THAN_OR_EQUAL_TO', value: '' };
const END: Filter = { field: 'startDate', op: 'LESS_THAN', value: '' };

/** Searches only between two times. The second is excluded. */
export function between(params: URLSearchParams, from: string, to: string): void {
  params.delete('timeRange');
  set(params, { ...START, value: from });
  set(params, { ...END, value: to });
}

/** Searches at any time. */
export function always(params: URLSearchParams): void {
  params.delete('timeRange');
  for (const filter of [START, END]) params.delete(name(filter));
  params.delete('page');
}

/** Whether an address has times that somebody chose. */
export function hasTimes(params: URLSearchParams): boolean {
  return [START, END].some((filter) => params.has(name(filter)));
}

/** The first and the last of two bars, whichever was chosen first. */
export function range(anchor: number, at: number): [number, number] {
  return anchor <= at ? [anchor, at] : [at, anchor];
}
