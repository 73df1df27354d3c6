// Completion of a flow: keys and values by the schema of the type in reach, types by any part of their names, and names
// in expressions. The list is made again at each key, so nothing old is ever offered.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { complete as completeExpression, openExpression } from './expressions';
import type { Knowledge, PluginType } from './knowledge';
import { fitting } from './match';
import { outline } from './outline';
import { placeAt, type Place } from './place';
import { about, below, kinds, properties, required, values, type Schema } from './schema';

/** The keys that hold lists of tasks. */
const TASKS = ['tasks', 'then', 'else', 'errors', 'finally', 'afterExecution'];
/** The most entries of a list. Typing one more letter shows the others. */
const MOST = 100;

/** Makes the source of completions. */
export function completions(known: Knowledge) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const { state, pos } = context;
    const line = state.doc.lineAt(pos);
    const before = line.text.slice(0, pos - line.from);
    const expression = openExpression(before);
    if (expression !== undefined) {
      const found = await completeExpression(expression, outline(state.doc.toString()), known);
      return result(pos - found.length, found.typed, found.options, true);
    }
    const place = placeAt(state.doc.toString().split('\n'), line.number - 1, before.length);
    if (!place || (place.text === '' && !context.explicit && place.kind === 'key')) return null;
    const options = place.kind === 'key' ? await keysAt(place, known) : await valuesAt(place, known);
    return result(pos - place.text.length, place.text, options, false);
  };
}

function result(
  from: number,
  typed: string,
  options: Completion[],
  isExpression: boolean,
): CompletionResult | null {
  const shown = fitting(typed, options, ({ label }) => label).slice(0, MOST);
  const isDone = shown.length === 1 && shown[0]?.label === typed;
  if (shown.length === 0 || (isDone && !isExpression)) return null;
  return { from, options: shown, filter: false };
}

async function keysAt(place: Place, known: Knowledge): Promise<Completion[]> {
  const found = await schemaOf(place, known);
  if (!found) return [];
  const { schema, root } = found;
  const needed = required(schema, root);
  return [...properties(schema, root)]
    .filter(([name]) => !place.keys.has(name))
    .map(([label, one]) => ({ label, one, isNeeded: needed.has(label) }))
    .sort((left, right) => Number(right.isNeeded) - Number(left.isNeeded))
    .map(({ label, one, isNeeded }) => ({
      label,
      type: 'property',
      detail: isNeeded ? 'required' : '',
      info: about(one, root),
      apply: label + opening(kinds(one, root), place.column),
    }));
}

/** What follows a key: the place for its value. */
function opening(kind: ReadonlySet<string>, column: number): string {
  const indent = ' '.repeat(column + 2);
  if (kind.has('string') || kind.size === 0) return ': ';
  if (kind.has('array')) return `:\n${indent}- `;
  return kind.has('object') ? `:\n${indent}` : ': ';
}

async function valuesAt(place: Place, known: Knowledge): Promise<Completion[]> {
  const parent = place.path.at(-1) ?? '';
  if (place.key === 'type') {
    if (parent === 'inputs') return (await known.inputTypes()).map((label) => ({ label, type: 'enum' }));
    const kind = parent === 'triggers' ? 'TRIGGER' : parent === 'conditions' ? 'CONDITION' : 'TASK';
    return (await known.types()).filter((type) => type.kind === kind).flatMap(typeOptions);
  }
  const found = await schemaOf(place, known);
  const one = found && properties(found.schema, found.root).get(place.key);
  if (!found || !one) return [];
  return values(one, found.root).map(({ text, about }) => ({ label: text, info: about, type: 'enum' }));
}

/** A type under its name and under its older names. An older name is struck through, and never hidden. */
function typeOptions(type: PluginType): Completion[] {
  const name = { label: type.name, type: 'class', info: type.about ?? '' };
  const older = (type.aliases ?? []).map((label) => ({
    label,
    type: 'deprecated',
    detail: 'older name',
    info: `Write ${type.name}.`,
  }));
  return [name, ...older];
}

/** The schema of the map at a place, with the schema that its references lead into. */
export async function schemaOf(
  place: Place,
  known: Knowledge,
): Promise<{ schema: Schema; root: Schema } | undefined> {
  // The innermost map with a known type, and the keys from there to the place.
  for (let depth = place.path.length; depth >= 0; depth--) {
    const type = place.types[depth];
    const key = place.path[depth - 1];
    const isPart = key !== undefined && (TASKS.includes(key) || key === 'triggers' || key === 'conditions');
    const root = depth === 0 ? await known.flow() : type === undefined ? undefined : await known.schema(type);
    const own = root ?? (isPart ? COMMON : undefined);
    if (own) return inside(own, place.path.slice(depth));
  }
  return undefined;
}

/** What every task and trigger has, for one without a type. */
const COMMON: Schema = {
  properties: {
    id: { type: 'string', description: 'The name, unique in the flow.' },
    type: { type: 'string', description: 'What the task does.' },
  },
  required: ['id', 'type'],
};

function inside(root: Schema, path: readonly string[]): { schema: Schema; root: Schema } | undefined {
  let schema: Schema | undefined = root;
  for (const key of path) schema = schema && below(schema, root, key);
  return schema && { schema, root };
}

/** Whether an older name is struck through in the list. */
export function optionClass({ type }: Completion): string {
  return type === 'deprecated' ? 'older' : '';
}
