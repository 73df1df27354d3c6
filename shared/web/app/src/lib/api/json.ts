// JSON without loss: a number that JavaScript would round is kept as it is written.

/** A number by its text, such as 9007199254740993. */
export class ExactNumber {
  constructor(readonly text: string) {}
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** Parses JSON. Numbers that would change become an `ExactNumber`. */
export function parseExact(text: string): unknown {
  return parse(text, (_, value, context) => {
    // Browsers from before 2025 do not show the source of a number. There a large number is rounded.
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && !isExact(value, source)
      ? new ExactNumber(source)
      : value;
  });
}

function isExact(value: number, source: string): boolean {
  return /^-?\d+$/.test(source) ? Number.isSafeInteger(value) : String(value) === source;
}

/** Writes a value as indented JSON, with exact numbers as they were. */
export function pretty(value: unknown, indent = ''): string {
  if (value instanceof ExactNumber) return value.text;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    const lines = entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`);
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
