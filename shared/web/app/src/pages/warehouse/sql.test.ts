import { expect, it } from 'vitest';
import { ExactNumber } from '../../lib/api/json';
import type { WarehouseResult, WarehouseTable } from '../../lib/api/types';
import { cell, csv, json, kindOf, task } from './sql';

const column = (name: string) => ({ name, type: 'STRING', mode: 'NULLABLE' });
const result = (names: string[], rows: Record<string, unknown>[]): WarehouseResult => ({
  ...{ columns: names.map(column), rows, totalRows: rows.length, statement: 'SELECT', bytesProcessed: 0 },
});

it('writes rows as CSV, as the command line does', () => {
  const found = result(
    ['a', 'b'],
    [
      { a: 'x,y', b: null },
      { a: 'say "hi"', b: new ExactNumber('1.50') },
    ],
  );
  expect(csv(found)).toBe('a,b\n"x,y",\n"say ""hi""",1.50\n');
  expect(json(result(['n'], [{ n: new ExactNumber('9007199254740993') }]))).toContain('9007199254740993');
});

it('keeps NULL and an empty text apart', () => {
  expect(cell(null)).toBeUndefined();
  expect(cell('')).toBe('');
  expect(cell([1, { a: 'b' }])).toBe('[ 1, { "a": "b" } ]');
});

it('has a shape for each kind of table', () => {
  const table = (type: string, partitionBy?: string): WarehouseTable => ({
    ...{ dataset: 'd', table: 't', type, columns: [] },
    ...(partitionBy && { partitionBy }),
  });
  const shapes = [table('TABLE'), table('TABLE', 'day'), table('EXTERNAL'), table('VIEW')].map(kindOf);
  expect(new Set(shapes.map(({ glyph }) => glyph)).size).toBe(4);
  expect(shapes[1]?.name).toBe('partitioned table');
});

it('writes a task with the SQL as it is', () => {
  expect(task('SELECT 1\n\nFROM t\n')).toBe(
    '- id: query\n  type: io.kestra.plugin.gcp.bigquery.Query\n  sql: |\n    SELECT 1\n\n    FROM t',
  );
});
