import { expect, it } from 'vitest';
import type { KvKey } from '../../lib/api/types';
import { inherited } from './inherited';

it('names the nearer namespace that hides a key', () => {
  const key = (namespace: string, key: string): KvKey => ({
    namespace,
    key,
    creationDate: '2026-01-01T00:00:00Z',
    updateDate: '2026-01-01T00:00:00Z',
  });
  const above = [key('a.b', 'x'), key('a.b', 'y'), key('a', 'y'), key('a', 'z')];
  expect(inherited([key('a.b.c', 'x')], above).map(({ hiddenBy }) => hiddenBy)).toEqual([
    'a.b.c',
    undefined,
    'a.b',
    undefined,
  ]);
});
