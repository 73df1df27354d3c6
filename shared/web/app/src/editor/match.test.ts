import { expect, it } from 'vitest';
import { fit, fitting } from './match';

const TYPES = [
  'io.kestra.plugin.core.log.Log',
  'io.kestra.plugin.core.log.Fetch',
  'io.kestra.plugin.gcp.bigquery.Query',
  'io.kestra.plugin.jdbc.postgresql.Query',
  'io.kestra.plugin.gcp.bigquery.LoadFromGcs',
  'io.kestra.plugin.core.http.Download',
];

function first(typed: string): string | undefined {
  return fitting(typed, TYPES, (one) => one)[0];
}

it('finds a type by any parts of its name', () => {
  expect(first('bq que')).toBe('io.kestra.plugin.gcp.bigquery.Query');
  expect(first('pg q')).toBe('io.kestra.plugin.jdbc.postgresql.Query');
  expect(first('postgres')).toBe('io.kestra.plugin.jdbc.postgresql.Query');
  expect(first('Log')).toBe('io.kestra.plugin.core.log.Log');
  expect(first('http.down')).toBe('io.kestra.plugin.core.http.Download');
  expect(first('loadfrom')).toBe('io.kestra.plugin.gcp.bigquery.LoadFromGcs');
  expect(first('io.kestra.plugin.core.log.F')).toBe('io.kestra.plugin.core.log.Fetch');
});

it('leaves out what does not fit, and keeps everything without a text', () => {
  expect(first('nothing like this')).toBeUndefined();
  expect(fitting('', TYPES, (one) => one)).toEqual(TYPES);
  expect(fit('query bigquery', 'io.kestra.plugin.gcp.bigquery.Query')).toBeUndefined();
});
