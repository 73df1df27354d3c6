import { expect, it } from 'vitest';
import { clean, directoryOf, join, problem } from './files';

it('joins and takes apart paths', () => {
  expect(join('', 'a.py')).toBe('a.py');
  expect(join('x/y', 'a.py')).toBe('x/y/a.py');
  expect(directoryOf('x/y/a.py')).toBe('x/y');
  expect(directoryOf('a.py')).toBe('');
});

it('says what is wrong with a typed path', () => {
  expect(clean(' /sql/a.sql/ ')).toBe('sql/a.sql');
  for (const good of ['a.py', '/a/b.py', 'with space.txt']) expect(problem(good), good).toBe('');
  for (const bad of ['', ' / ', 'a//b', '../a', 'a/./b']) expect(problem(bad), bad).not.toBe('');
});
