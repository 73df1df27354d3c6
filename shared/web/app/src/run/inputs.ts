// The inputs of a flow as fields of a form: what a field is, how its value is shown, and how it is sent.
import { pretty } from '../lib/api/json';
import type { FlowPart } from '../lib/api/types';

export type Control =
  | 'text'
  | 'number'
  | 'flag'
  | 'choice'
  | 'choices'
  | 'list'
  | 'code'
  | 'file'
  | 'secret'
  | 'date'
  | 'time'
  | 'datetime';

/** An input of the flow, as the form shows it. */
export interface Field {
  id: string;
  type: string;
  name: string;
  description: string;
  isRequired: boolean;
  control: Control;
  /** The values of a choice as they are written. Empty if an expression gives them. */
  values: string[];
  /** Whether a value that is not in the list is allowed. */
  isOpen: boolean;
  /** A sentence about the allowed values. Empty if there is no rule. */
  rule: string;
}

const CONTROLS: Record<string, Control> = {
  INT: 'number',
  FLOAT: 'number',
  BOOL: 'flag',
  BOOLEAN: 'flag',
  SELECT: 'choice',
  ENUM: 'choice',
  MULTISELECT: 'choices',
  ARRAY: 'list',
  JSON: 'code',
  YAML: 'code',
  FILE: 'file',
  SECRET: 'secret',
  DATE: 'date',
  TIME: 'time',
  DATETIME: 'datetime',
};

export function field(part: FlowPart): Field {
  const type = part.type ?? 'STRING';
  return {
    id: part.id,
    type,
    name: text(part['displayName']) || part.id,
    description: text(part['description']),
    isRequired: part['required'] !== false,
    control: CONTROLS[type] ?? 'text',
    values: strings(part['values']),
    isOpen: part['allowCustomValue'] === true,
    rule: rule(part),
  };
}

/** The rules of an input in words. */
function rule(part: FlowPart): string {
  const parts = [
    ['min', 'at least'],
    ['max', 'at most'],
    ['after', 'after'],
    ['before', 'before'],
    ['validator', 'matches'],
    ['itemType', 'each of type'],
  ].flatMap(([key, words]) =>
    key !== undefined && part[key] !== undefined ? [`${words} ${text(part[key])}`] : [],
  );
  const files = strings(part['allowedFileExtensions']);
  if (files.length > 0) parts.push(files.join(', '));
  return parts.join(', ');
}

/** The text of a field for a value of the server. */
export function shown(control: Control, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (control === 'list')
    return Array.isArray(value) ? value.map((item) => text(item)).join('\n') : text(value);
  if (control === 'choices')
    return Array.isArray(value) ? JSON.stringify(value.map((item) => text(item))) : text(value);
  // A browser's field has no zone: the value is shown in UTC, and is sent as UTC.
  if (control === 'datetime') return text(value).replace(/(:\d\d)(\.\d+)?Z$/, '$1');
  if (control === 'time') return text(value).replace(/Z$/, '');
  return text(value);
}

/** The text that is sent for the text of a field. An empty text stays empty: the input is cleared. */
export function sent(
  { control, type }: Pick<Field, 'control' | 'type'>,
  value: string,
  itemType = 'STRING',
): string {
  if (value === '') return '';
  if (control === 'datetime') return /Z$|[+-]\d\d:\d\d$/.test(value) ? value : `${seconds(value)}Z`;
  if (control === 'time') return seconds(value);
  if (control === 'list' && type === 'ARRAY') return items(value, itemType);
  return value;
}

/** `2026-01-02T03:04` and `03:04` with seconds, which browsers leave out when they are zero. */
function seconds(value: string): string {
  return /(^|T)\d\d:\d\d$/.test(value) ? `${value}:00` : value;
}

/** A line for each item, or JSON as it is. */
function items(value: string, itemType: string): string {
  if (value.trimStart().startsWith('[')) return value;
  const lines = value.split('\n').map((line) => line.trim());
  const isBare = ['INT', 'FLOAT', 'BOOL', 'BOOLEAN', 'JSON'].includes(itemType);
  return `[${lines
    .filter((line) => line !== '')
    .map((line) => (isBare ? line : JSON.stringify(line)))
    .join(',')}]`;
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : pretty(value);
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => text(item)) : [];
}
