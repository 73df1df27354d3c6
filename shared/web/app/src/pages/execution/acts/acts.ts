// What can be done with an execution in its state. The server checks again; this only decides what is offered.
import type { Execution, StateName, TaskRun } from '../../../lib/api/types';
import { hasEnded } from '../../../lib/state';

export type ActId =
  | 'restart'
  | 'resume'
  | 'go-on'
  | 'pause'
  | 'kill'
  | 'replay'
  | 'unqueue'
  | 'force'
  | 'state'
  | 'labels'
  | 'delete';

export interface Act {
  id: ActId;
  name: string;
  /** Whether it stands next to the title. The others are in the menu. */
  isButton: boolean;
  /** Why it cannot be done now, although people look for it in this state. Empty if it can be done. */
  reason: string;
}

/** States that a restart is expected in. It also needs a task run to begin from. */
const BROKEN: readonly StateName[] = ['FAILED', 'WARNING', 'KILLED', 'CANCELLED'];
/** States in which an execution waits for a permit, a date or a person. */
const WAITING: readonly StateName[] = ['CREATED', 'QUEUED', 'PAUSED'];

/** The acts in the order in which they are shown. Acts that the state rules out are left out. */
export function acts({ state, taskRunList }: Pick<Execution, 'state' | 'taskRunList'>): Act[] {
  const { current } = state;
  const isOver = hasEnded(current);
  const found: Act[] = [];
  const add = (id: ActId, name: string, isButton = false, reason = '') =>
    found.push({ id, name, isButton: isButton && reason === '', reason });

  const canRestart = (taskRunList ?? []).some(isRestartable);
  if (isOver && (canRestart || BROKEN.includes(current)))
    add(
      'restart',
      'Restart…',
      true,
      canRestart ? '' : 'No task run has failed. Replay runs everything again.',
    );
  if (current === 'PAUSED') add('resume', 'Resume…', true);
  if (current === 'BREAKPOINT') add('go-on', 'Go on', true);
  if (current === 'RUNNING') add('pause', 'Pause', true);
  if (!isOver) add('kill', current === 'KILLING' ? 'Kill again…' : 'Kill…', true);
  add('replay', 'Replay…', isOver);
  if (current === 'PAUSED' && canRestart) add('restart', 'Restart…');
  if (WAITING.includes(current)) add('force', 'Force run');
  if (current === 'QUEUED') add('unqueue', 'Take out of the queue…');
  if (isOver) add('state', 'Change state…');
  add('labels', 'Set labels…', false, isOver ? '' : 'Labels can be set after the end.');
  add('delete', 'Delete…');
  return found;
}

/** Whether a restart can begin at this task run. Task runs that a service reported go with their parent. */
export function isRestartable({ state, dynamic }: TaskRun): boolean {
  return dynamic !== true && (state.current === 'FAILED' || state.current === 'PAUSED');
}

/** Why nothing can be done with a single task run. Empty if something can be done. */
export function fixedReason({ dynamic }: TaskRun): string {
  return dynamic === true ? 'A service reported this task run. Choose the task above it.' : '';
}

/** The task runs that a restart begins with: a flowable task that failed because of a child goes on instead. */
export function restarted(runs: readonly TaskRun[]): TaskRun[] {
  const bad = runs.filter(({ state }) => ['FAILED', 'KILLED', 'PAUSED'].includes(state.current));
  const blamed = new Set(bad.map((run) => run.parentTaskRunId));
  return bad.filter((run) => run.dynamic !== true && !blamed.has(run.id));
}
