// Why an execution failed: the task run that failed first, its attempts, and the last lines of its log.
import type { Execution, NumberedLine, TaskRun } from '../../lib/api/types';
import { isFailure } from '../../lib/state';

export interface Failure {
  run: TaskRun;
  /** The attempts that were made. */
  attempts: number;
  /** The last error in the log, or undefined if there is none. */
  message: string | undefined;
  /** The number of that line, from 1. */
  line: number | undefined;
  /** That line and at most five before it, of the same task run. */
  context: NumberedLine[];
}

/** The failure that explains the state, with what the given lines say. Undefined if nothing failed. */
export function failure(execution: Execution, lines: readonly NumberedLine[]): Failure | undefined {
  if (!isFailure(execution.state.current)) return undefined;
  const runs = execution.taskRunList ?? [];
  const parents = new Set(runs.map((run) => run.parentTaskRunId));
  const failed = runs.filter((run) => isFailure(run.state.current));
  // A flowable task fails because a task in it failed: that one is the reason.
  const run = failed.find((one) => !parents.has(one.id)) ?? failed[0];
  if (!run) return undefined;
  // The last attempt explains the state. Lines of earlier attempts are in the log.
  const last = lines.findLast(({ line }) => line.taskRunId === run.id)?.line.attemptNumber;
  const own = lines.filter(({ line }) => line.taskRunId === run.id && line.attemptNumber === last);
  const at = own.findLastIndex(({ line }) => line.level === 'ERROR');
  const end = at < 0 ? own.length : at + 1;
  return {
    run,
    attempts: run.attempts?.length ?? 0,
    message: own[at]?.line.message,
    line: own[at]?.number,
    context: own.slice(Math.max(0, end - 6), end),
  };
}
