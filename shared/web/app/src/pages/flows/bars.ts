// The newest executions of a flow as bars: the longest one is the highest, and each tells its state.
import type { ListedRun } from '../../lib/api/types';
import { hasEnded, look } from '../../lib/state';

/** The number of bars that a row has room for. The API answers with no more. */
export const MOST = 20;

export interface Bar {
  run: ListedRun;
  /** The part of the height of the row, from 0 to 1. */
  height: number;
  /** The milliseconds that it took, until now if it has not ended. */
  took: number;
  /** The name of the colour. */
  token: string;
  /** Whether the bar has stripes, so that it differs from a success without its colour. */
  isStriped: boolean;
}

/** Milliseconds of an execution until its end, or until `now`. */
export function length({ state, startDate, endDate }: ListedRun, now: number): number {
  const end = endDate !== undefined && hasEnded(state) ? Date.parse(endDate) : now;
  return Math.max(0, end - Date.parse(startDate));
}

/** The bars of executions that come newest first. The oldest is the first bar. */
export function barsOf(runs: readonly ListedRun[], now: number): Bar[] {
  const longest = Math.max(1, ...runs.map((run) => length(run, now)));
  return runs
    .map((run) => {
      const took = length(run, now);
      return {
        run,
        height: took / longest,
        took,
        token: look(run.state).token,
        isStriped: run.state !== 'SUCCESS',
      };
    })
    .reverse();
}

/** How many executions are in each state, in words: `18 SUCCESS, 2 FAILED`. */
export function summary(runs: readonly ListedRun[]): string {
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}
