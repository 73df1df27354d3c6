// Reads JSON Schemas as far as completion needs them: the properties of a map, and the values of a property.

/** A JSON Schema. Only the parts that are read here are named. */
export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  description?: string;
  default?: unknown;
  additionalProperties?: boolean | Schema;
  $defs?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

/** How deep a schema is followed. A schema may contain itself. */
const DEEPEST = 6;

/** The schema with its alternatives, each with references resolved. */
function parts(schema: Schema, root: Schema, depth = 0): Schema[] {
  if (depth > DEEPEST) return [];
  const target = schema.$ref === undefined ? undefined : resolve(schema.$ref, root);
  const more = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (target) more.push(target);
  return [schema, ...more.flatMap((part) => parts(part, root, depth + 1))];
}

function resolve(reference: string, root: Schema): Schema | undefined {
  const [, place, name] = /^#\/(\$defs|definitions)\/(.+)$/.exec(reference) ?? [];
  if (name === undefined) return undefined;
  return (place === '$defs' ? root.$defs : root.definitions)?.[name];
}

/** The properties of the maps that a schema allows, by name. */
export function properties(schema: Schema, root: Schema): Map<string, Schema> {
  const found = new Map<string, Schema>();
  for (const part of parts(schema, root))
    for (const [name, one] of Object.entries(part.properties ?? {}))
      if (!found.has(name)) found.set(name, one);
  return found;
}

export function required(schema: Schema, root: Schema): Set<string> {
  return new Set(parts(schema, root).flatMap((part) => part.required ?? []));
}

/** The schema of a map below a key: of the value itself, or of an item of its list. */
export function below(schema: Schema, root: Schema, key: string): Schema | undefined {
  const one = properties(schema, root).get(key);
  if (!one) return undefined;
  const alternatives = parts(one, root);
  return { anyOf: [one, ...alternatives.flatMap((part) => (part.items ? [part.items] : []))] };
}

/** The values that a schema lists. */
export function values(schema: Schema, root: Schema): { text: string; about: string }[] {
  const found = new Map<string, string>();
  for (const part of parts(schema, root)) {
    for (const value of part.enum ?? []) if (value !== null) found.set(String(value), '');
    if (part.const !== undefined) found.set(String(part.const), part.description ?? '');
    if (typesOf(part).includes('boolean')) for (const text of ['true', 'false']) found.set(text, '');
  }
  return [...found].map(([text, about]) => ({ text, about }));
}

/** The types of JSON that a schema allows. */
export function kinds(schema: Schema, root: Schema): Set<string> {
  return new Set(parts(schema, root).flatMap(typesOf));
}

function typesOf(schema: Schema): string[] {
  if (schema.type === undefined) return [];
  return Array.isArray(schema.type) ? schema.type : [schema.type];
}

/** A property in words: its type, default and description. */
export function about(schema: Schema, root: Schema): string {
  const names = [...kinds(schema, root)].filter((kind) => kind !== 'null').join(' or ');
  const text = parts(schema, root).find((part) => part.description)?.description ?? '';
  const hasDefault = schema.default !== undefined && schema.default !== null;
  const preset = hasDefault ? ` Default: ${JSON.stringify(schema.default)}.` : '';
  return [names && `${names}.`, text].filter(Boolean).join(' ') + preset;
}
