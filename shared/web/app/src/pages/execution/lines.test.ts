import { expect, it } from 'vitest';
import type { LogEntry, NumberedLine } from '../../lib/api/types';
import { logRows, readRange, writeRange } from './lines';

const line = (
  number: number,
  level: LogEntry['level'],
  message: string,
  taskRunId?: string,
): NumberedLine => ({
  number,
  line: {
    namespace: 'n',
    flowId: 'f',
    executionId: 'e',
    timestamp: '2026-01-01T00:00:00Z',
    level,
    message,
    ...(taskRunId && { taskRunId }),
  },
});

it('shows lines from a level on, of one task run, with the numbers of the whole log', () => {
  const lines = [line(1, 'DEBUG', 'a'), line(2, 'INFO', 'b\nc', 'x'), line(3, 'ERROR', 'd', 'y')];
  expect(
    logRows(lines, { minLevel: 'TRACE', taskRun: undefined }).map(({ number, text, isFirst }) => [
      number,
      text,
      isFirst,
    ]),
  ).toEqual([
    [1, 'a', true],
    [2, 'b', true],
    [2, 'c', false],
    [3, 'd', true],
  ]);
  expect(logRows(lines, { minLevel: 'INFO', taskRun: 'x' }).map(({ text }) => text)).toEqual(['b', 'c']);
  expect(logRows(lines, { minLevel: 'ERROR', taskRun: undefined }).map(({ number }) => number)).toEqual([3]);
  expect(
    logRows([line(1, 'INFO', 'x'.repeat(10_050))], { minLevel: 'INFO', taskRun: undefined })[0]?.text,
  ).toContain('50 more characters');
});

it('marks lines in the address', () => {
  expect(readRange('L12')).toEqual({ from: 12, to: 12 });
  expect(readRange('L20-12')).toEqual({ from: 12, to: 20 });
  for (const other of ['', 'L', 'Lx', 'L1-', 'page']) expect(readRange(other)).toBeUndefined();
  expect([writeRange({ from: 3, to: 3 }), writeRange({ from: 3, to: 5 })]).toEqual(['L3', 'L3-5']);
});
