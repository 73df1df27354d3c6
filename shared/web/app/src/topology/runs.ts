// What became of the tasks of a flow in an execution: the state of each, and of its iterations.
import type { StateName, TaskRun } from '../lib/api/types';
import { elapsed, isFailure } from '../lib/state';

export interface Fate {
  /** The newest run of the task. */
  run: TaskRun;
  state: StateName;
  ms: number;
  /** The states of all iterations, most first. Empty for a task that ran once. */
  iterations: { state: StateName; count: number }[];
}

/** The fates by the id of the task. A task that never began has none. */
export function fates(runs: readonly TaskRun[], now: number): Map<string, Fate> {
  const byTask = new Map<string, TaskRun[]>();
  for (const run of runs) byTask.set(run.taskId, [...(byTask.get(run.taskId) ?? []), run]);
  const found = new Map<string, Fate>();
  for (const [id, all] of byTask) {
    const last = all.at(-1);
    if (!last) continue;
    const isMany = all.some(({ value }) => value !== undefined && value !== null);
    const counts = new Map<StateName, number>();
    for (const { state } of all) counts.set(state.current, (counts.get(state.current) ?? 0) + 1);
    // Of several runs the one that failed says most, then the one that runs.
    const shown =
      all.find(({ state }) => isFailure(state.current)) ??
      all.find(({ state }) => state.current === 'RUNNING') ??
      last;
    found.set(id, {
      run: shown,
      state: shown.state.current,
      ms: elapsed(shown.state, now),
      iterations: isMany
        ? [...counts]
            .map(([state, count]) => ({ state, count }))
            .sort((left, right) => right.count - left.count)
        : [],
    });
  }
  return found;
}
