import { describe, expect, it } from 'vitest';
import type { StateName, TaskRun } from '../../../lib/api/types';
import { fates } from './fate';
import { missing, planOf } from './plan';

function run(id: string, parent?: string, iteration?: number, current: StateName = 'SUCCESS'): TaskRun {
  const state = { current, histories: [], duration: 'PT0S', startDate: '2026-01-01T00:00:00Z' };
  const of = { executionId: 'e', namespace: 'n', flowId: 'f' };
  return {
    ...of,
    id,
    taskId: id.replace(/\d+$/, ''),
    outputs: {},
    state,
    ...(parent !== undefined && { parentTaskRunId: parent }),
    ...(iteration !== undefined && { iteration }),
  };
}

function told(runs: TaskRun[], flow: Record<string, unknown>, from: string): Record<string, string> {
  return Object.fromEntries(fates(runs, planOf(flow), from));
}

const log = (id: string) => ({ id, type: 'io.kestra.plugin.core.log.Log' });
const flowable = (id: string, kind: string, more: Record<string, unknown>) => ({
  id,
  type: `io.kestra.plugin.core.flow.${kind}`,
  ...more,
});

describe('fates', () => {
  it('keeps what is before, repeats the rest', () => {
    const flow = { tasks: [log('a'), log('b'), log('c')], finally: [log('f')] };
    const runs = [run('a'), run('b'), run('c'), run('f')];
    expect(told(runs, flow, 'b')).toEqual({ a: 'kept', b: 'again', c: 'again', f: 'again' });
    expect(told(runs, flow, '')).toEqual({ a: 'again', b: 'again', c: 'again', f: 'again' });
  });

  it('keeps other branches of a Parallel, and goes on in the task around', () => {
    const flow = { tasks: [flowable('p', 'Parallel', { tasks: [log('a'), log('b')] }), log('c')] };
    const runs = [run('p'), run('a', 'p'), run('b', 'p'), run('c')];
    expect(told(runs, flow, 'a')).toEqual({ p: 'continued', a: 'again', b: 'kept', c: 'again' });
  });

  it('repeats only what waits for a task of a Dag', () => {
    const tasks = [
      { task: log('a') },
      { task: log('b'), dependsOn: ['a'] },
      { task: log('c'), dependsOn: ['b'] },
      { task: log('d') },
    ];
    const runs = [run('g'), ...['a', 'b', 'c', 'd'].map((id) => run(id, 'g'))];
    expect(told(runs, { tasks: [flowable('g', 'Dag', { tasks })] }, 'b')).toEqual({
      ...{ g: 'continued', a: 'kept', b: 'again', c: 'again', d: 'kept' },
    });
  });

  it('repeats later rounds only of a loop that runs one by one', () => {
    const loop = (concurrencyLimit: number) => ({
      tasks: [flowable('l', 'ForEach', { concurrencyLimit, tasks: [log('a'), log('b')] })],
    });
    const rounds = [0, 1, 2].flatMap((at) => [run(`a${at}`, 'l', at), run(`b${at}`, 'l', at)]);
    const runs = [run('l'), ...rounds];
    const again = (limit: number) =>
      Object.entries(told(runs, loop(limit), 'b1')).flatMap(([id, fate]) => (fate === 'again' ? [id] : []));
    expect(again(1)).toEqual(['b1', 'a2', 'b2']);
    expect(again(3)).toEqual(['b1']);
  });

  it('repeats a working directory as a whole, and what is still open', () => {
    const flow = {
      tasks: [log('o'), flowable('w', 'WorkingDirectory', { tasks: [log('a'), log('b')] }), log('c')],
    };
    const runs = [
      run('o', undefined, undefined, 'RUNNING'),
      run('w'),
      run('a', 'w'),
      run('b', 'w'),
      run('c'),
    ];
    expect(told(runs, flow, 'b')).toEqual({ o: 'again', w: 'again', a: 'again', b: 'again', c: 'again' });
  });
});

describe('missing', () => {
  it('says when a revision has no such task at this place', () => {
    const old = planOf({ tasks: [log('a'), log('b')] });
    expect(missing('a', old, planOf({ tasks: [log('a')] }), 2)).toBe('');
    expect(missing('b', old, planOf({ tasks: [log('a')] }), 2)).toContain('has no task b');
    const inner = planOf({ tasks: [flowable('s', 'Sequential', { tasks: [log('b')] })] });
    expect(missing('b', old, inner, 2)).toContain('elsewhere');
  });
});
