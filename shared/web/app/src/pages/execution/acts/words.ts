// What follows from a change of state, in a sentence.
import type { StateName, TaskRun } from '../../../lib/api/types';

export interface Choice {
  state: StateName;
  follows: string;
}

/** The states that a task run can be set to. */
export function ofTaskRun({ taskId, state }: TaskRun): Choice[] {
  const choices: Choice[] = [
    { state: 'SUCCESS', follows: `The execution goes on after ${taskId}, as if it had succeeded.` },
    { state: 'WARNING', follows: `The execution goes on after ${taskId}, and ends with a warning.` },
    { state: 'SKIPPED', follows: `The execution goes on after ${taskId}, as if it had not been needed.` },
    { state: 'FAILED', follows: `${taskId} counts as failed, with what the flow does after a failure.` },
    { state: 'CANCELLED', follows: `${taskId} ends without an error. The execution goes on after it.` },
    { state: 'KILLED', follows: `${taskId} counts as killed, and so does the execution.` },
  ];
  if (state.current === 'PAUSED')
    choices.unshift({ state: 'RUNNING', follows: `${taskId} goes on, without the inputs of a resume.` });
  return choices.filter((choice) => choice.state !== state.current);
}

/** The states that an execution that has ended can be set to. */
export function ofExecution(current: StateName): Choice[] {
  const follows: Partial<Record<StateName, string>> = {
    SUCCESS: 'Lists and statistics count it as a success.',
    WARNING: 'Lists show that somebody should look at it.',
    FAILED: 'Lists and statistics count it as a failure.',
    KILLED: 'It counts as stopped by a person.',
    CANCELLED: 'It counts as called off.',
  };
  return (Object.entries(follows) as [StateName, string][])
    .filter(([state]) => state !== current)
    .map(([state, text]) => ({ state, follows: text }));
}

/** The ways out of the queue. */
export const OUT_OF_QUEUE: Choice[] = [
  { state: 'RUNNING', follows: 'It starts now, beyond the concurrency limit of the flow.' },
  { state: 'CANCELLED', follows: 'It ends without having run.' },
  { state: 'FAILED', follows: 'It ends as failed, without having run.' },
  { state: 'KILLED', follows: 'It ends as killed, without having run.' },
];
