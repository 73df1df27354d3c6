// What a replay from a task run does with each task run: keep it with its outputs, run it again, or go on in it. The
// server decides by the same rules; here they are for people, before the start.
import type { TaskRun } from '../../../lib/api/types';
import { hasEnded } from '../../../lib/state';
import { kindOf, type Plan } from './plan';

export type Fate = 'kept' | 'again' | 'continued';

/** The order of the lists of a level. Lists of a branch, such as `then`, count as the main one. */
const PHASES: Readonly<Record<string, number>> = { errors: 1, finally: 2, afterExecution: 3 };

/** The fate of each task run by its id. `from` is empty for a replay from the start. */
export function fates(runs: readonly TaskRun[], plan: Plan, from: string): Map<string, Fate> {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const start = byId.get(from);
  if (!start) return new Map(runs.map((run) => [run.id, 'again']));
  const found = new Map<string, Fate>(runs.map((run) => [run.id, 'kept']));
  const children = new Map<string, TaskRun[]>();
  for (const run of runs) {
    const parent = run.parentTaskRunId ?? '';
    const level = children.get(parent);
    if (level) level.push(run);
    else children.set(parent, [run]);
  }
  const again = (run: TaskRun): void => {
    found.set(run.id, 'again');
    for (const child of children.get(run.id) ?? []) again(child);
  };
  const line = [start, ...above(start, byId)];
  // A working directory has its files only while it runs, so it is repeated as a whole.
  const directory = line.findLastIndex((run) => kindOf(plan.get(run.taskId)) === 'WorkingDirectory');
  const kept = directory < 0 ? line : line.slice(directory);
  for (const run of kept) {
    const level = children.get(run.parentTaskRunId ?? '') ?? [];
    for (const other of level) if (isLater(other, run, plan)) again(other);
    found.set(run.id, 'continued');
  }
  if (kept[0]) again(kept[0]);
  // No worker runs for the new execution what is still open.
  for (const run of runs) {
    const hasChildren = (children.get(run.id) ?? []).length > 0;
    if (found.get(run.id) === 'kept' && !hasEnded(run.state.current) && !hasChildren) again(run);
  }
  return found;
}

/** The task runs around a task run, from the inside out. */
export function above(run: TaskRun, byId: ReadonlyMap<string, TaskRun>): TaskRun[] {
  const found: TaskRun[] = [];
  let next = byId.get(run.parentTaskRunId ?? '');
  while (next) {
    found.push(next);
    next = byId.get(next.parentTaskRunId ?? '');
  }
  return found;
}

/** Whether a task run of the same level comes after another one, and so is left out of the replay. */
function isLater(other: TaskRun, run: TaskRun, plan: Plan): boolean {
  const [mine, its] = [plan.get(run.taskId), plan.get(other.taskId)];
  if (!mine || !its || other.id === run.id) return false;
  const [phase, otherPhase] = [PHASES[mine.branch] ?? 0, PHASES[its.branch] ?? 0];
  if (phase !== otherPhase) return otherPhase > phase;
  const isAfter = its.position > mine.position;
  const level = plan.get(mine.parent);
  const kind = kindOf(level);
  if (kind === 'Parallel' || kind === 'EachParallel') return phase === 2 && isAfter;
  if (kind === 'Dag') return phase === 0 ? needs(other.taskId, run.taskId, plan) : phase === 2 && isAfter;
  if (phase === 0 && (kind === 'ForEach' || kind === 'EachSequential')) {
    if (run.iteration === other.iteration) return isAfter;
    const isOneByOne = kind === 'EachSequential' || (level?.part['concurrencyLimit'] ?? 1) === 1;
    return isOneByOne && (other.iteration ?? 0) > (run.iteration ?? 0);
  }
  return isAfter;
}

/** Whether a task of a Dag waits for another one, directly or not. */
function needs(task: string, wanted: string, plan: Plan): boolean {
  const names = plan.get(task)?.dependsOn ?? [];
  return names.includes(wanted) || names.some((name) => needs(name, wanted, plan));
}
