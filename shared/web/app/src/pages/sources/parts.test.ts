import { expect, it } from 'vitest';
import { linesOf } from './parts';

const match = (line: number, column: number, length: number, snippet: string) => ({
  ...{ line, column, length, snippet },
});

it('marks what was found, and keeps the rest', () => {
  const lines = linesOf([
    match(1, 0, 4, 'load the load'),
    match(1, 9, 4, 'load the load'),
    match(7, 3, 4, '😀 (load)'),
    match(9, 0, 0, 'without a text'),
  ]);
  expect(
    lines.map(({ number, parts }) =>
      [number, ...parts.map(({ text, isFound }) => (isFound ? `[${text}]` : text))].join('|'),
    ),
  ).toEqual(['1|[load]| the |[load]', '7|😀 (|[load]|)', '9|without a text']);
});
