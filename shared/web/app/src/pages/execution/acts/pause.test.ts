import { describe, expect, it } from 'vitest';
import type { Execution, StateName, TaskRun } from '../../../lib/api/types';
import { pauseOf } from './pause';
import { planOf } from './plan';

const SINCE = '2026-01-01T00:00:00Z';

function state(current: StateName): Execution['state'] {
  return { current, histories: [{ state: current, date: SINCE }], duration: 'PT0S', startDate: SINCE };
}

function execution(taskRunList: TaskRun[]): Execution {
  const of = { tenantId: 'main', id: 'e', namespace: 'n', flowId: 'f', flowRevision: 1, originalId: 'e' };
  const metadata = { attemptNumber: 1, originalCreatedDate: SINCE };
  return { ...of, labels: [], state: state('PAUSED'), deleted: false, metadata, taskRunList } as Execution;
}

const of = { executionId: 'e', namespace: 'n', flowId: 'f', outputs: {} };
const run: TaskRun = { ...of, id: 'r', taskId: 'wait', state: state('PAUSED') };
const plan = (more: Record<string, unknown>) => planOf({ tasks: [{ id: 'wait', type: 'x.Pause', ...more }] });

describe('pauseOf', () => {
  it('finds the task, the end of its time and what it asks for', () => {
    const found = pauseOf(
      execution([run]),
      plan({ pauseDuration: 'PT1H30M', behavior: 'FAIL', onResume: [{ id: 'why' }] }),
    );
    expect(found).toMatchObject({
      since: SINCE,
      until: Date.parse('2026-01-01T01:30:00Z'),
      ends: 'it fails',
    });
    expect(found.asks.map(({ id }) => id)).toEqual(['why']);
  });

  it('knows no end of a pause without a time, or with a rendered one', () => {
    expect(pauseOf(execution([run]), plan({})).until).toBeUndefined();
    expect(pauseOf(execution([run]), plan({ delay: '{{ inputs.wait }}' })).until).toBeUndefined();
  });

  it('finds no task if a request paused the execution', () => {
    expect(pauseOf(execution([]), plan({}))).toMatchObject({ run: undefined, since: SINCE, asks: [] });
  });
});
