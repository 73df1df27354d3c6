import { describe, expect, it } from 'vitest';
import type { Execution, StateName, TaskRun } from '../../../lib/api/types';
import { STATES } from '../../../lib/state';
import { acts, restarted } from './acts';

function run(id: string, current: StateName, more: Partial<TaskRun> = {}): TaskRun {
  const state = { current, histories: [], duration: 'PT0S', startDate: '2026-01-01T00:00:00Z' };
  const of = { executionId: 'e', namespace: 'n', flowId: 'f' };
  return { id, taskId: id, outputs: {}, state, ...of, ...more };
}

function execution(current: StateName, taskRunList: TaskRun[]): Pick<Execution, 'state' | 'taskRunList'> {
  return { state: run('', current).state, taskRunList };
}

/** What the server accepts in each state, of an execution with a failed task run. */
const ACCEPTED: Record<string, readonly StateName[]> = {
  restart: ['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED', 'PAUSED'],
  resume: ['PAUSED'],
  'go-on': ['BREAKPOINT'],
  pause: ['RUNNING'],
  kill: ['CREATED', 'QUEUED', 'RUNNING', 'PAUSED', 'BREAKPOINT', 'RESTARTED', 'RETRYING', 'KILLING'],
  replay: STATES,
  unqueue: ['QUEUED'],
  state: ['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED'],
  labels: ['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED'],
  delete: STATES,
};

describe('acts', () => {
  it.each(STATES)('U61 %s: offers what the server accepts, and nothing else', (state) => {
    const failed = run('a', state === 'PAUSED' ? 'PAUSED' : 'FAILED');
    const offered = acts(execution(state, [failed])).filter(({ reason }) => reason === '');
    const expected = Object.keys(ACCEPTED).filter((id) => ACCEPTED[id]?.includes(state));
    // The server accepts a forced run in each open state. Only where something waits does it change anything.
    if (['CREATED', 'QUEUED', 'PAUSED'].includes(state)) expected.push('force');
    expect(offered.map(({ id }) => id as string).sort()).toEqual(expected.sort());
  });

  it('says why a restart and labels have to wait', () => {
    const restart = acts(execution('KILLED', [run('a', 'KILLED')])).find(({ id }) => id === 'restart');
    expect(restart).toMatchObject({ isButton: false, reason: expect.stringContaining('Replay') as string });
    const labels = acts(execution('RUNNING', [])).find(({ id }) => id === 'labels');
    expect(labels?.reason).toContain('after the end');
    expect(acts(execution('SUCCESS', [run('a', 'SUCCESS')])).some(({ id }) => id === 'restart')).toBe(false);
  });
});

describe('restarted', () => {
  it('names the failed task, not the loop around it', () => {
    const runs = [
      run('a', 'SUCCESS'),
      run('loop', 'FAILED'),
      run('b', 'FAILED', { parentTaskRunId: 'loop' }),
      run('model', 'FAILED', { parentTaskRunId: 'x', dynamic: true }),
    ];
    expect(restarted(runs).map(({ id }) => id)).toEqual(['b']);
  });
});
