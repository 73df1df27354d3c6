import { expect, it } from 'vitest';
import type { Blueprint } from '../../lib/api/types';
import { matching } from './blueprints';

const blueprint = (id: string, more: Partial<Blueprint>): Blueprint => ({
  ...{ id, title: '', description: '', tags: [], types: [], namespace: 'n', flowId: id },
  ...more,
});

it('finds blueprints by words of their title, tags and types, in their order', () => {
  const all = [
    blueprint('one', { title: 'From a file', types: ['io.kestra.plugin.gcp.bigquery.Load'] }),
    blueprint('two', { tags: ['file', 'sql'] }),
    blueprint('three', { description: 'Waits' }),
  ];
  const ids = (search: string) => matching(search, all).map(({ id }) => id);
  expect(ids('')).toEqual(['one', 'two', 'three']);
  expect(ids('FILE')).toEqual(['one', 'two']);
  expect(ids('bigquery file')).toEqual(['one']);
  expect(ids(' waits ')).toEqual(['three']);
  expect(ids('none')).toEqual([]);
});
