// Tables, results and queries as texts.
import { pretty } from '../../lib/api/json';
import { sizeText } from '../../preview/file';
import type { WarehouseResult, WarehouseTable } from '../../lib/api/types';
import type { Tables } from '../../editor/languages';

/** The most rows that a query returns. More rows are only counted. */
export const MOST_ROWS = 10_000;

/** A table by its glyph: an own shape for each kind, so that no colour is needed. */
export function kindOf(table: WarehouseTable): { glyph: string; name: string } {
  if (table.type === 'VIEW') return { glyph: '◇', name: 'view' };
  if (table.type === 'EXTERNAL') return { glyph: '↗', name: 'external table' };
  if (table.partitionBy) return { glyph: '▤', name: 'partitioned table' };
  return { glyph: '▦', name: 'table' };
}

/** A cell of a result, exactly as the server answered. NULL is `undefined`. */
export function cell(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : pretty(value).replaceAll(/\n\s*/g, ' ');
}

/** The rows as CSV. NULL is an empty field. */
export function csv(result: WarehouseResult): string {
  const names = result.columns.map(({ name }) => name);
  const rows = result.rows.map((row) => names.map((name) => cell(row[name]) ?? ''));
  const field = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [names, ...rows].map((line) => `${line.map(field).join(',')}\n`).join('');
}

/** The rows as JSON. Large numbers stay exact. */
export function json(result: WarehouseResult): string {
  return `${pretty(result.rows)}\n`;
}

/** What a dry run found. */
export function wouldRead(result: WarehouseResult): string {
  const size = sizeText(result.bytesProcessed);
  return `${result.statement.replaceAll('_', ' ')} would read at most ${size}. It is valid, and nothing was run.`;
}

/** The columns of all tables, for completion. */
export function columnsOf(tables: readonly WarehouseTable[]): Tables {
  const found: Tables = {};
  for (const { dataset, table, columns } of tables) {
    (found[dataset] ??= {})[table] = columns.map(({ name }) => name);
  }
  return found;
}

/** A task of a flow that runs the SQL. */
export function task(sql: string): string {
  const lines = sql.trimEnd().split('\n');
  return [
    '- id: query',
    '  type: io.kestra.plugin.gcp.bigquery.Query',
    '  sql: |',
    ...lines.map((line) => `    ${line}`),
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A name in SQL. */
export function quoted({ dataset, table }: { dataset: string; table: string }): string {
  return `\`${dataset}.${table}\``;
}
