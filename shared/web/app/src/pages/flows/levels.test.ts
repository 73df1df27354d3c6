import { expect, it } from 'vitest';
import { levels } from './levels';

const ids = (namespaces: string[], chosen: string, most?: number): string[] =>
  levels(namespaces, chosen, most).map(({ id, depth }) => `${' '.repeat(depth)}${id}`);

it('lists a few as a tree, with the namespaces above', () => {
  expect(ids(['b', 'a.x', 'a-b', 'a.x.y'], '')).toEqual(['a', ' a.x', '  a.x.y', 'a-b', 'b']);
});

it('lists many level by level', () => {
  const many = ['a.x.y', 'a.z', 'b.x'];
  expect(ids(many, '', 3)).toEqual(['a', 'b']);
  expect(ids(many, 'a', 3)).toEqual(['a', ' a.x', ' a.z', 'b']);
  expect(ids(many, 'a.x', 3)).toEqual(['a', ' a.x', '  a.x.y', 'b']);
});
