import { expect, it } from 'vitest';
import { columnsOf, rowsOf, worst } from './grid';

function found(id: string, ...tasks: string[]): Parameters<typeof columnsOf>[0][number] {
  return {
    execution: { id, state: { current: 'SUCCESS' } } as Parameters<typeof columnsOf>[0][number]['execution'],
    tasks: tasks.map((taskId) => ({ taskId, depth: 0, taskRunId: taskId, states: { SUCCESS: 1 } })),
  };
}

it('has the oldest execution at the left, and tasks in their order', () => {
  const columns = columnsOf([found('new', 'a', 'c'), found('old', 'a', 'b', 'c', 'd')]);
  expect(columns.map(({ execution }) => execution.id)).toEqual(['old', 'new']);
  expect(rowsOf(columns).map(({ taskId }) => taskId)).toEqual(['a', 'b', 'c', 'd']);
});

it('shows the state that matters most', () => {
  expect(worst({ SUCCESS: 22, FAILED: 2 })).toBe('FAILED');
  expect(worst({ SUCCESS: 1, SKIPPED: 1 })).toBe('SKIPPED');
  expect(worst({ SUCCESS: 3 })).toBe('SUCCESS');
});
