import { expect, it } from 'vitest';
import { folderOf, steps } from './storage';

it('shows the folder of a prefix', () => {
  expect(folderOf('raw/2024/ja')).toBe('raw/2024/');
  expect(folderOf('bay')).toBe('');
});

it('names the folders above', () => {
  expect(steps('raw/2024/')).toEqual([
    { name: 'raw', prefix: 'raw/' },
    { name: '2024', prefix: 'raw/2024/' },
  ]);
  expect(steps('')).toEqual([]);
});
