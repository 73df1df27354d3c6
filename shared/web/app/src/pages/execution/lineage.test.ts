import { expect, test } from 'vitest';
import type { TaskRun } from '../../lib/api/types';
import { shortKind, titleOf, withLineage } from './lineage';

test('task runs with a manifest have a lineage, the last one first', () => {
  const run = (id: string, outputs: Record<string, unknown>) => ({ id, outputs }) as unknown as TaskRun;
  const runs = [
    run('a', { outputFiles: { 'manifest.json': 'kestra:///a' } }),
    run('b', { outputFiles: { 'other.json': 'kestra:///b' } }),
    run('c', { outputFiles: null }),
    run('d', {}),
    run('e', { outputFiles: { 'manifest.json': 'kestra:///e' } }),
  ];
  expect(withLineage(runs).map(({ id }) => id)).toEqual(['e', 'a']);
});

test('a node says its kind in letters, and the rest in its title', () => {
  expect(['source', 'model', 'metric'].map(shortKind)).toEqual(['SRC', 'MDL', 'METRIC']);
  const node = { id: 'model.shop.fact', name: 'fact', kind: 'model', materialized: 'table' };
  expect(titleOf(node)).toBe('model.shop.fact\ntable');
});
