import { describe, expect, it } from 'vitest';
import type { StateName, TaskRun } from '../../lib/api/types';
import { bars } from './bars';
import { nameOf, rows } from './tree';

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
function run(id: string, histories: [StateName, number][], more: Partial<TaskRun> = {}): TaskRun {
  const current = histories.at(-1)?.[0] ?? 'CREATED';
  const state = {
    current,
    histories: histories.map(([name, second]) => ({ state: name, date: at(second) })),
    duration: '',
    startDate: at(0),
  };
  return { id, executionId: 'e', namespace: 'n', flowId: 'f', taskId: id, outputs: {}, state, ...more };
}

describe('rows of task runs', () => {
  const all = [
    run('loop', [['SUCCESS', 3]]),
    run('a', [['SUCCESS', 1]], { parentTaskRunId: 'loop', value: '1' }),
    run('deep', [['FAILED', 1]], { parentTaskRunId: 'a' }),
    run('b', [['SUCCESS', 2]], { parentTaskRunId: 'loop' }),
    run('lost', [['SUCCESS', 2]], { parentTaskRunId: 'unknown' }),
  ];

  it('are a tree with counts, and fold', () => {
    expect(rows(all, new Set()).map(({ run: { id }, depth }) => `${depth}${id}`)).toEqual([
      '0loop',
      '1a',
      '2deep',
      '1b',
      '0lost',
    ]);
    const [loop, ...rest] = rows(all, new Set(['loop']));
    expect(rest.map(({ run: { id } }) => id)).toEqual(['lost']);
    expect([loop?.below, loop?.states.get('SUCCESS'), loop?.states.get('FAILED')]).toEqual([3, 2, 1]);
    expect(all.slice(0, 2).map(nameOf)).toEqual(['loop', 'a [1]']);
  });
});

describe('bars of a task run', () => {
  it('show waiting, each attempt, and the wait for a retry', () => {
    const attempt = (from: number, to: number, end: StateName) => ({
      state: run('x', [
        ['RUNNING', from],
        [end, to],
      ]).state,
    });
    const failed = run(
      't',
      [
        ['CREATED', 0],
        ['RUNNING', 1],
        ['RETRYING', 3],
        ['CREATED', 8],
        ['RUNNING', 9],
        ['SUCCESS', 10],
      ],
      {
        attempts: [attempt(1, 3, 'FAILED'), attempt(9, 10, 'SUCCESS')],
      },
    );
    const found = bars(failed, Date.parse(at(59))).map(({ from, to, state, kind }) => [
      (from - Date.parse(at(0))) / 1000,
      (to - from) / 1000,
      kind,
      state,
    ]);
    expect(found).toEqual([
      [0, 1, 'waiting', 'CREATED'],
      [1, 2, 'work', 'FAILED'],
      [3, 5, 'retry', 'RETRYING'],
      [8, 1, 'waiting', 'CREATED'],
      [9, 1, 'work', 'SUCCESS'],
    ]);
  });

  it('last until now while the task runs, and show a flowable task without attempts', () => {
    const flowable = run('f', [
      ['CREATED', 0],
      ['RUNNING', 1],
    ]);
    expect(bars(flowable, Date.parse(at(5))).at(-1)).toMatchObject({
      to: Date.parse(at(5)),
      state: 'RUNNING',
      kind: 'work',
    });
  });
});
