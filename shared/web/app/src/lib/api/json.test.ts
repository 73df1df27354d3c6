import { describe, expect, it } from 'vitest';
import { ExactNumber, parseExact, pretty } from './json';

// Node.js 20 does not show a reviver the source of a number. Chromium does: see tests/e2e/execution.spec.ts.
let isShown = false;
const look = (_: string, value: unknown, context?: { source?: string }) => {
  isShown ||= context?.source !== undefined;
  return value;
};
JSON.parse('1', look as Parameters<typeof JSON.parse>[1]);

describe('JSON without loss', () => {
  it.runIf(isShown)('keeps numbers that JavaScript would round', () => {
    const text =
      '{\n  "id": 9007199254740993,\n  "price": 1.10,\n  "n": 7,\n  "list": [\n    1e400,\n    true,\n    null\n  ],\n  "none": {},\n  "empty": []\n}';
    const value = parseExact(text) as { id: ExactNumber; n: number };
    expect(value.id.text).toBe('9007199254740993');
    expect(value.n).toBe(7);
    expect(pretty(value)).toBe(text);
  });

  it('leaves numbers alone that fit', () => {
    expect(parseExact('[0, -1, 1.5, 9007199254740991]')).toEqual([0, -1, 1.5, 9007199254740991]);
  });
});

describe('indented JSON', () => {
  it('writes every kind of value, and exact numbers as they are', () => {
    const text =
      '{\n  "id": 9007199254740993,\n  "list": [\n    true,\n    null,\n    "a\\"b"\n  ],\n  "none": {}\n}';
    expect(pretty({ id: new ExactNumber('9007199254740993'), list: [true, null, 'a"b'], none: {} })).toBe(
      text,
    );
  });
});
