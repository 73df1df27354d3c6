// The task runs of an execution as a tree, in the order in which they started, as the Gantt chart and lists show them.
import type { StateName, TaskRun } from '../../lib/api/types';

/** A row: a task run with its depth and whether it has children. */
export interface Row {
  run: TaskRun;
  depth: number;
  /** How many task runs are below it, at any depth. */
  below: number;
  /** How many of those are in each state. */
  states: ReadonlyMap<StateName, number>;
}

/** All rows, parents before their children. Children of the folded task runs are left out. */
export function rows(runs: readonly TaskRun[], folded: ReadonlySet<string>): Row[] {
  const ids = new Set(runs.map((run) => run.id));
  const children = new Map<string, TaskRun[]>();
  for (const run of runs) {
    // A parent that the answer does not have makes its children roots, so that nothing disappears.
    const parent =
      run.parentTaskRunId !== undefined && ids.has(run.parentTaskRunId) ? run.parentTaskRunId : '';
    const list = children.get(parent);
    if (list) list.push(run);
    else children.set(parent, [run]);
  }
  const found: Row[] = [];
  const visit = (run: TaskRun, depth: number, isShown: boolean): Map<StateName, number> => {
    const row: Row = { run, depth, below: 0, states: new Map() };
    if (isShown) found.push(row);
    const states = new Map<StateName, number>();
    for (const child of children.get(run.id) ?? []) {
      for (const [state, count] of visit(child, depth + 1, isShown && !folded.has(run.id))) {
        states.set(state, (states.get(state) ?? 0) + count);
      }
    }
    row.states = new Map(states);
    row.below = [...states.values()].reduce((sum, count) => sum + count, 0);
    states.set(run.state.current, (states.get(run.state.current) ?? 0) + 1);
    return states;
  };
  for (const run of children.get('') ?? []) visit(run, 0, true);
  return found;
}

/** The name of a row: the task, and the value or number of its iteration. */
export function nameOf(run: TaskRun): string {
  if (run.value !== undefined) return `${run.taskId} [${run.value}]`;
  return run.iteration !== undefined ? `${run.taskId} [${run.iteration}]` : run.taskId;
}
