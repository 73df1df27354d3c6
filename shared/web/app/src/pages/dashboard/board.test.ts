import { expect, it } from 'vitest';
import type { Execution, StateName } from '../../lib/api/types';
import { attention, percent } from './board';

const run = (id: string, flowId: string, current: StateName): Execution =>
  ({ id, namespace: 'a', flowId, state: { current } }) as unknown as Execution;

it('lists the newest failure of each flow that has not succeeded since', () => {
  const failed = [run('3', 'f', 'FAILED'), run('2', 'f', 'FAILED'), run('1', 'g', 'KILLED')];
  const newest = [run('3', 'f', 'FAILED'), run('9', 'g', 'SUCCESS')];
  expect(attention(failed, newest).map(({ id }) => id)).toEqual(['3']);
  expect(attention(failed, [run('8', 'f', 'RUNNING')]).map(({ id }) => id)).toEqual(['3', '1']);
});

it('says 100 % and 0 % only if it is so', () => {
  expect(percent(0, 0)).toBe('–');
  expect(percent(3, 3)).toBe('100 %');
  expect(percent(0, 3)).toBe('0 %');
  expect(percent(9_999, 10_000)).toBe('99.9 %');
  expect(percent(1, 10_000)).toBe('0.1 %');
  expect(percent(2, 3)).toBe('66.7 %');
});
