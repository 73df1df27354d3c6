// Which lines of a log are shown, and the part of the address that marks lines.
import type { LogEntry, LogLevel, NumberedLine } from '../../lib/api/types';

export const LEVELS: readonly LogLevel[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'];

/** A row of the viewer: a line of the log, or a further line of its message. */
export interface LogRow {
  /** The number of the line of the log, from 1. */
  number: number;
  line: LogEntry;
  text: string;
  /** Whether it is the first row of the line, which shows number, time and task. */
  isFirst: boolean;
}

export interface Choice {
  minLevel: LogLevel;
  /** The task run. Undefined for all. */
  taskRun: string | undefined;
  /** The attempt, from 0. Undefined for all. */
  attempt?: number | undefined;
}

/** The longest text of a row, in characters. The download has the whole line. */
const LONGEST = 10_000;

/** The rows that are shown. */
export function logRows(lines: readonly NumberedLine[], { minLevel, taskRun, attempt }: Choice): LogRow[] {
  const found: LogRow[] = [];
  const least = LEVELS.indexOf(minLevel);
  lines.forEach(({ number, line }) => {
    if (LEVELS.indexOf(line.level) < least || (taskRun !== undefined && line.taskRunId !== taskRun)) return;
    if (attempt !== undefined && line.attemptNumber !== attempt) return;
    line.message.split('\n').forEach((text, part) => {
      const shown =
        text.length > LONGEST
          ? `${text.slice(0, LONGEST)} … ${text.length - LONGEST} more characters in the download`
          : text;
      found.push({ number, line, text: shown, isFirst: part === 0 });
    });
  });
  return found;
}

export interface Range {
  from: number;
  to: number;
}

/** Reads `L12` and `L12-20`. Undefined for anything else. */
export function readRange(fragment: string): Range | undefined {
  const [, from, to] = /^L(\d+)(?:-(\d+))?$/.exec(fragment) ?? [];
  if (!from) return undefined;
  const ends = [Number(from), Number(to ?? from)];
  return { from: Math.min(...ends), to: Math.max(...ends) };
}

export function writeRange({ from, to }: Range): string {
  return from === to ? `L${from}` : `L${from}-${to}`;
}
