import { expect, it } from 'vitest';
import { parts } from './parts';

it('marks what was found, and keeps the rest', () => {
  const marked = (text: string, places: number[][]): string =>
    parts(text, places)
      .map((part) => (part.isFound ? `[${part.text}]` : part.text))
      .join('');
  expect(
    marked('load the load', [
      [0, 4],
      [9, 13],
    ]),
  ).toBe('[load] the [load]');
  expect(marked('a load', [[2, 6]])).toBe('a [load]');
  expect(marked('none', [])).toBe('none');
});
