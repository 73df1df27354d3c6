import { expect, it } from 'vitest';
import type { Execution, LogEntry, NumberedLine, StateName, TaskRun } from '../../lib/api/types';
import { failure } from './failure';

const state = (current: StateName) => ({
  current,
  histories: [],
  duration: '',
  startDate: '2026-01-01T00:00:00Z',
});
const run = (id: string, current: StateName, parentTaskRunId?: string): TaskRun => ({
  ...{ id, executionId: 'e', namespace: 'n', flowId: 'f', taskId: id, outputs: {}, state: state(current) },
  attempts: [{ state: state('FAILED') }, { state: state(current) }],
  ...(parentTaskRunId && { parentTaskRunId }),
});
const line = (
  taskRunId: string,
  attemptNumber: number,
  level: LogEntry['level'],
  message: string,
): LogEntry => ({
  ...{ namespace: 'n', flowId: 'f', executionId: 'e', timestamp: '2026-01-01T00:00:00Z' },
  ...{ taskRunId, attemptNumber, level, message },
});
/** Lines from a number on. */
const numbered = (from: number, lines: LogEntry[]): NumberedLine[] =>
  lines.map((one, at) => ({ number: from + at, line: one }));
const execution = (current: StateName, runs: TaskRun[]) =>
  ({ state: state(current), taskRunList: runs }) as unknown as Execution;

it('names the innermost task that failed, its last error, and the lines before of the same attempt', () => {
  const lines = [
    line('inner', 0, 'ERROR', 'first try'),
    line('other', 0, 'INFO', 'x'),
    line('inner', 1, 'INFO', 'before'),
    line('inner', 1, 'ERROR', 'second try'),
    line('inner', 1, 'INFO', 'after'),
  ];
  const found = failure(
    execution('FAILED', [run('outer', 'FAILED'), run('inner', 'FAILED', 'outer')]),
    numbered(101, lines),
  );
  expect(found).toMatchObject({ attempts: 2, message: 'second try', line: 104 });
  expect(found?.context.map(({ number }) => number)).toEqual([103, 104]);
  expect(found?.run.id).toBe('inner');
});

it('says what it knows without a log, and nothing about what went well', () => {
  const found = failure(execution('FAILED', [run('a', 'FAILED')]), []);
  expect(found).toMatchObject({ message: undefined, line: undefined, context: [] });
  expect(failure(execution('SUCCESS', [run('a', 'WARNING')]), [])).toBeUndefined();
  expect(failure(execution('KILLED', []), [])).toBeUndefined();
});
