import { expect, it } from 'vitest';
import { changedLines } from './lines';

it('counts the lines that a change put in and took out', () => {
  expect(changedLines('a\nb\nc\n', 'a\nB\nc\nd\n')).toEqual({ added: 2, removed: 1 });
  expect(changedLines('a\n', 'a\n')).toEqual({ added: 0, removed: 0 });
  expect(changedLines('a\nb', 'b')).toEqual({ added: 0, removed: 1 });
});
