import { expect, it } from 'vitest';
import type { WarehouseTable } from '../../lib/api/types';
import { ddl, more, question } from './ddl';

const table: WarehouseTable = {
  ...{ dataset: 'd', table: 't', type: 'TABLE', description: 'say "hi"', rows: 0 },
  ...{ partitionBy: 'TIMESTAMP_TRUNC(ts, MONTH)', clusterBy: ['id'] },
  columns: [
    { name: 'id', type: 'INT64', mode: 'REQUIRED', description: 'the key' },
    { name: 'ts', type: 'TIMESTAMP', mode: 'NULLABLE' },
    { name: 'tags', type: 'STRING', mode: 'REPEATED' },
  ],
};

it('writes the columns with their modes, defaults and descriptions, and the parts of a table', () => {
  const found = more([
    { column_name: 'ts', column_default: 'CURRENT_TIMESTAMP()' },
    { column_name: 'id', column_default: 'NULL' },
  ]);
  expect(ddl(table, found)).toBe(
    [
      'CREATE TABLE `d.t` (',
      '  `id` INT64 NOT NULL OPTIONS(description="the key"),',
      '  `ts` TIMESTAMP DEFAULT CURRENT_TIMESTAMP(),',
      '  `tags` ARRAY<STRING>',
      ')',
      'PARTITION BY TIMESTAMP_TRUNC(ts, MONTH)',
      'CLUSTER BY `id`',
      'OPTIONS(description="say \\"hi\\"");',
      '',
    ].join('\n'),
  );
});

it('writes the query of a view, and nothing that is not known', () => {
  const view: WarehouseTable = { dataset: 'd', table: 'v', type: 'VIEW', columns: [] };
  expect(question(view)).toContain('`d`.INFORMATION_SCHEMA.VIEWS WHERE table_name = "v"');
  expect(ddl(view, more([{ view_definition: 'SELECT 1 AS a' }]))).toBe(
    'CREATE VIEW `d.v` AS\nSELECT 1 AS a;\n',
  );
  expect(ddl(view, more([]))).toBeUndefined();
  expect(ddl({ ...table, type: 'EXTERNAL' }, more([]))).toBeUndefined();
});
