// Completion inside `{{ }}`.
import type { Completion } from '@codemirror/autocomplete';
import type { Knowledge } from './knowledge';
import type { Outline } from './outline';

/** The words that an expression can begin with, next to functions. */
const ROOTS: [string, string][] = [
  ['inputs', 'The inputs of the execution'],
  ['outputs', 'The outputs of the tasks before this one'],
  ['vars', 'The variables of the flow'],
  ['trigger', 'The variables of the trigger'],
  ['execution', 'id, startDate, state'],
  ['flow', 'id, namespace, revision'],
  ['task', 'id and type of this task'],
  ['taskrun', 'id, startDate, attemptsCount, value'],
  ['labels', 'The labels of the execution'],
  ['envs', 'Variables of the environment'],
  ['globals', 'Variables of the installation'],
];
const FIELDS: Record<string, string[]> = {
  execution: ['id', 'startDate', 'state', 'originalId'],
  flow: ['id', 'namespace', 'revision', 'tenantId'],
  task: ['id', 'type'],
  taskrun: ['id', 'startDate', 'attemptsCount', 'value', 'iteration', 'parentId'],
  trigger: ['date', 'next', 'previous'],
};

export interface Found {
  /** The part of the typed text that is replaced: its length. */
  length: number;
  typed: string;
  options: Completion[];
}

/** The open expression before a cursor. Undefined if there is none. */
export function openExpression(before: string): string | undefined {
  const at = before.lastIndexOf('{{');
  if (at < 0 || before.indexOf('}}', at) >= 0) return undefined;
  return before.slice(at + 2);
}

/** What can follow the text of an open expression. */
export async function complete(text: string, outline: Outline, known: Knowledge): Promise<Found> {
  const [, call, typed] = /\b(kv|secret)\(\s*['"]([^'"]*)$/.exec(text) ?? [];
  if (call !== undefined && typed !== undefined) {
    const keys = call === 'kv' ? known.keys(outline.namespace) : known.secrets(outline.namespace);
    return found(
      typed,
      (await keys).map((label) => ({ label, type: 'constant' })),
    );
  }
  const [, filter] = /\|\s*(\w*)$/.exec(text) ?? [];
  if (filter !== undefined) {
    const { filters } = await known.names();
    return found(
      filter,
      filters.map((label) => ({ label, type: 'function', detail: 'filter' })),
    );
  }
  const [, path, last] = /((?:[\w-]+(?:\[['"][^'"\]]*['"]\])?\.)+)([\w-]*)$/.exec(text) ?? [];
  if (path !== undefined && last !== undefined) return members(steps(path), last, outline, known);
  const [word = ''] = /\w*$/.exec(text) ?? [];
  const { functions } = await known.names();
  return found(word, [
    ...ROOTS.map(([label, info]): Completion => ({ label, info, type: 'variable' })),
    ...functions.map((label): Completion => ({ label, type: 'function', apply: `${label}(` })),
  ]);
}

/** `outputs.a['b c'].` as its steps. */
function steps(path: string): string[] {
  return [...path.matchAll(/\[['"]([^'"]*)['"]\]|([\w-]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

async function members(
  [root = '', ...rest]: string[],
  typed: string,
  outline: Outline,
  known: Knowledge,
): Promise<Found> {
  if (rest.length === 0) {
    if (root === 'inputs') return named(typed, outline.inputs);
    if (root === 'vars') return named(typed, outline.variables);
    if (root === 'outputs') {
      return found(
        typed,
        outline.tasks.map(({ id, type }) => ({ ...member(id), detail: type.split('.').at(-1) ?? '' })),
      );
    }
    return named(typed, FIELDS[root] ?? []);
  }
  if (root !== 'outputs') return named(typed, []);
  const outputs = await known.outputs(outline.namespace, outline.flow);
  const [task = '', ...inner] = rest;
  let value = outputs.get(task);
  for (const step of inner) value = isMap(value) ? value[step] : undefined;
  const keys = isMap(value) ? Object.entries(value) : [];
  return found(
    typed,
    keys.map(([key, one]) => ({ ...member(key), detail: sample(one) })),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A value in a few letters. */
function sample(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function named(typed: string, names: readonly string[]): Found {
  return found(typed, names.map(member));
}

/** A member of a map. A name with other signs than letters and digits is written in brackets. */
function member(label: string): Completion {
  return { label, type: 'property', ...(!/^\w+$/.test(label) && { apply: `['${label}']` }) };
}

function found(typed: string, options: Completion[]): Found {
  return { length: typed.length, typed, options };
}
