import { expect, it } from 'vitest';
import type { Execution } from '../../lib/api/types';
import { startedBy } from './started';

const by = (variables: Record<string, unknown>): Execution =>
  ({ trigger: { id: 't', type: 'T', variables } }) as unknown as Execution;

it('names the execution that started a subflow, and nothing for a schedule', () => {
  const place = { namespace: 'a.b', flowId: 'f' };
  expect(startedBy(by({ executionId: 'X', flowRevision: 1, ...place }))).toEqual({ id: 'X', ...place });
  expect(startedBy(by({ date: '2024-01-01T00:00:00Z' }))).toBeUndefined();
  expect(startedBy(by({ executionId: 7, ...place }))).toBeUndefined();
  expect(startedBy({} as Execution)).toBeUndefined();
});
