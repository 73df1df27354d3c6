import { expect, it } from 'vitest';
import type { Execution, StateName } from '../../../lib/api/types';
import { fitting } from './bulk';

const run = (id: string, current: StateName): Execution =>
  ({ id, state: { current }, taskRunList: [{ state: { current } }] }) as unknown as Execution;

it('acts only on the executions that allow it', () => {
  const all = [
    run('failed', 'FAILED'),
    run('running', 'RUNNING'),
    run('paused', 'PAUSED'),
    run('done', 'SUCCESS'),
  ];
  const of = (id: Parameters<typeof fitting>[0]) => fitting(id, all).map((one) => one.id);
  expect(of('restart')).toEqual(['failed', 'paused']);
  expect(of('resume')).toEqual(['paused']);
  expect(of('pause')).toEqual(['running']);
  expect(of('kill')).toEqual(['running', 'paused']);
  expect(of('replay')).toHaveLength(4);
  expect(of('delete')).toHaveLength(4);
});
