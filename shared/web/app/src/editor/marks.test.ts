import { Text } from '@codemirror/state';
import { expect, it } from 'vitest';
import { range } from './marks';

const TEXT = Text.of(['id: a', '  tüpe: "io x", z', 'ß: 𝒳 typo']);

it('marks the word at a line and column', () => {
  const marked = (line: number, column: number): string => {
    const { from, to } = range(TEXT, { line, column });
    return TEXT.sliceString(from, to);
  };
  expect(marked(1, 1)).toBe('id');
  expect(marked(2, 3)).toBe('tüpe');
  expect(marked(2, 9)).toBe('"io x"');
  expect(marked(3, 6)).toBe('typo');
  expect(marked(0, 0)).toBe('id');
  expect(marked(99, 99)).toBe('');
});
