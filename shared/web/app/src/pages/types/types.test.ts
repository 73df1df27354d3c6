import { describe, expect, it } from 'vitest';
import type { PluginType } from '../../lib/api/types';
import { matching } from './types';

const type = (name: string, about = '', aliases: string[] = []) =>
  ({ name, kind: 'TASK', about, aliases }) as PluginType;
const all = [
  type('io.kestra.plugin.core.http.Download', 'Downloads a file.', ['io.kestra.core.tasks.Fetch']),
  type('io.kestra.plugin.gcp.bigquery.LoadFromGcs', 'Loads files; asks no query.'),
  type('io.kestra.plugin.gcp.bigquery.Query', 'Runs a statement.'),
];
const names = (search: string) => matching(search, all).map(({ name }) => name.split('.').at(-1));

describe('the search over types', () => {
  it('puts the type with the words in its name first, and then those that do it', () => {
    expect(names('bigquery query')).toEqual(['Query', 'LoadFromGcs']);
    expect(names('bq que')[0]).toBe('Query');
  });

  it('finds what a type does, and older names', () => {
    expect(names('statement')).toEqual(['Query']);
    expect(names('tasks.fetch')).toEqual(['Download']);
    expect(names('')).toHaveLength(3);
    expect(names('nothing like this')).toEqual([]);
  });
});
