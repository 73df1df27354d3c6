import { expect, it } from 'vitest';
import type { StateName, TaskRun } from '../../lib/api/types';
import { bars } from './bars';

const state = (...all: [StateName, number][]): TaskRun['state'] => ({
  current: all.at(-1)?.[0] ?? 'CREATED',
  histories: all.map(([name, second]) => ({ state: name, date: new Date(second * 1000).toISOString() })),
  duration: 'PT0S',
  startDate: '',
});

it('draws each attempt, and the wait between two as a retry alone', () => {
  const run = {
    state: state(
      ['CREATED', 0],
      ['RUNNING', 1],
      ['RETRYING', 2],
      ['CREATED', 5],
      ['RUNNING', 6],
      ['SUCCESS', 7],
    ),
    attempts: [
      { state: state(['CREATED', 0], ['RUNNING', 1], ['FAILED', 2]) },
      // The server gives each attempt the first date of the task run.
      { state: state(['CREATED', 0], ['RUNNING', 6], ['SUCCESS', 7]) },
    ],
  } as TaskRun;
  const shown = bars(run, 9_000).map(
    ({ from, to, kind, state: of }) => `${from / 1000}-${to / 1000} ${kind} ${of}`,
  );
  expect(shown).toEqual([
    '0-1 waiting CREATED',
    '1-2 work FAILED',
    '2-5 retry RETRYING',
    '5-6 waiting CREATED',
    '6-7 work SUCCESS',
  ]);
});
