// What a paused execution waits for, read from its task runs and its flow.
import type { Execution, FlowPart, TaskRun } from '../../../lib/api/types';
import { isPart, type Plan } from './plan';

export interface Pause {
  /** The task run that waits. Undefined if a request paused the execution. */
  run: TaskRun | undefined;
  since: string | undefined;
  /** When the pause ends by itself, in ms since 1970, and what happens then. */
  until: number | undefined;
  ends: string;
  /** The inputs that a resume asks for, as the flow declares them. */
  asks: FlowPart[];
}

const ENDS: Readonly<Record<string, string>> = {
  RESUME: 'it goes on',
  WARN: 'it goes on with a warning',
  FAIL: 'it fails',
  CANCEL: 'it is cancelled',
};

export function pauseOf({ taskRunList, state }: Execution, plan: Plan): Pause {
  const run = (taskRunList ?? []).find((one) => one.state.current === 'PAUSED');
  const histories = (run ?? { state }).state.histories;
  const since = histories.findLast((one) => one.state === 'PAUSED')?.date;
  const part = run && plan.get(run.taskId)?.part;
  const length = seconds(part?.['pauseDuration'] ?? part?.['delay']);
  const asked = part?.['onResume'];
  return {
    run,
    since,
    until: since !== undefined && length !== undefined ? Date.parse(since) + length * 1000 : undefined,
    ends: ENDS[String(part?.['behavior'] ?? 'RESUME')] ?? 'it ends',
    asks: Array.isArray(asked) ? asked.filter(isPart) : [],
  };
}

/** The seconds of an ISO duration of days and less. Undefined for another text, such as an expression. */
function seconds(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(value);
  if (!found || value.length < 3) return undefined;
  const [days = 0, hours = 0, minutes = 0, rest = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + rest;
}
