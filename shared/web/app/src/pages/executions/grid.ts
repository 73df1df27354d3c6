// Executions and tasks as a grid: executions as columns, oldest first, and tasks as rows in the order of their runs.
import type { components } from '../../lib/api/generated';
import type { StateName } from '../../lib/api/types';
import { isFailure, STATES } from '../../lib/state';

type Found = components['schemas']['ExecutionTasks'];
type Task = Found['tasks'][number];

export interface Column {
  execution: Found['execution'];
  tasks: ReadonlyMap<string, Task>;
}

export interface Row {
  taskId: string;
  depth: number;
}

export function columnsOf(found: readonly Found[]): Column[] {
  return found
    .map(({ execution, tasks }) => ({ execution, tasks: new Map(tasks.map((task) => [task.taskId, task])) }))
    .reverse();
}

/** All tasks. A task that only some executions have is behind the task that ran before it there. */
export function rowsOf(columns: readonly Column[]): Row[] {
  const rows: Row[] = [];
  for (const { tasks } of [...columns].reverse()) {
    let at = 0;
    for (const { taskId, depth } of tasks.values()) {
      const known = rows.findIndex((row) => row.taskId === taskId);
      if (known >= 0) at = known + 1;
      else rows.splice(at++, 0, { taskId, depth });
    }
  }
  return rows;
}

/** The state of several runs that matters most: a failure, then what is not the same as the others. */
export function worst(states: Task['states']): StateName {
  const all = STATES.filter((state) => states[state]);
  return all.find(isFailure) ?? all.find((state) => state !== 'SUCCESS') ?? 'SUCCESS';
}

/** The states that the grid shows, for its legend. */
export function statesOf(columns: readonly Column[]): StateName[] {
  const shown = new Set(
    columns.flatMap(({ tasks }) => [...tasks.values()].map((task) => worst(task.states))),
  );
  for (const { execution } of columns) shown.add(execution.state.current);
  return STATES.filter((state) => shown.has(state));
}
