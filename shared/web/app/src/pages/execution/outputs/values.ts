// Outputs as rows: each value with its path, and the expression that reads it in a flow.
import { ExactNumber, pretty } from '../../../lib/api/json';
import type { TaskRun } from '../../../lib/api/types';

export type Step = string | number;

export interface ValueRow {
  path: Step[];
  name: string;
  depth: number;
  /** What kind of value it is, with its size: `text, 12 characters`. */
  kind: string;
  /** The value as text, or undefined for a map or a list with entries. */
  text: string | undefined;
}

/** Deeper values are shown as text. */
const DEEPEST = 6;
/** The most entries of a map or a list. The text of the whole value has all. */
const MOST = 200;

export function rowsOf(value: unknown, path: Step[] = [], depth = 0): ValueRow[] {
  const entries = entriesOf(value);
  const name = String(path.at(-1) ?? '');
  const row = (text: string | undefined): ValueRow => ({ path, name, depth, kind: kindOf(value), text });
  if (!entries || entries.length === 0 || depth >= DEEPEST) return [row(textOf(value))];
  const shown = entries.slice(0, MOST);
  const inner = shown.flatMap(([key, one]) => rowsOf(one, [...path, key], depth + 1));
  const rest = entries.length - shown.length;
  const more: ValueRow[] =
    rest > 0 ? [{ path, name: '…', depth: depth + 1, kind: `${rest} more`, text: '' }] : [];
  return path.length === 0 ? [...inner, ...more] : [row(undefined), ...inner, ...more];
}

function entriesOf(value: unknown): [Step, unknown][] | undefined {
  if (value instanceof ExactNumber || value === null || typeof value !== 'object') return undefined;
  return Array.isArray(value) ? value.map((one, at): [Step, unknown] => [at, one]) : Object.entries(value);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : pretty(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof ExactNumber || typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'true or false';
  if (typeof value === 'string') return `text, ${value.length} characters`;
  const count = entriesOf(value)?.length ?? 0;
  return Array.isArray(value) ? `list, ${count} entries` : `map, ${count} entries`;
}

/** The expression that reads an output of a task run: `{{ outputs.extract.outputFiles['a.csv'] }}`. */
export function expression(run: Pick<TaskRun, 'taskId' | 'value'>, path: readonly Step[]): string {
  const start = `outputs${member(run.taskId)}`;
  const iteration = run.value === undefined || run.value === null ? '' : `[${quoted(run.value)}]`;
  return `{{ ${start}${iteration}${path.map(member).join('')} }}`;
}

function member(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  return /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${quoted(step)}]`;
}

function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}
