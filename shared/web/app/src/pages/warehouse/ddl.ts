// A table as the statement that makes an empty one like it.
import type { WarehouseTable } from '../../lib/api/types';
import { quoted } from './sql';

/** What INFORMATION_SCHEMA knows in addition: the default values of columns, by name, and the query of a view. */
export interface More {
  defaults: ReadonlyMap<string, string>;
  query: string | undefined;
}

/** The question to INFORMATION_SCHEMA that `more` reads the answer of. */
export function question({ dataset, table, type }: WarehouseTable): string {
  const isView = type === 'VIEW';
  const columns = isView ? 'view_definition' : 'column_name, column_default';
  return `SELECT ${columns} FROM \`${dataset}\`.INFORMATION_SCHEMA.${isView ? 'VIEWS' : 'COLUMNS'} WHERE table_name = ${text(table)}`;
}

export function more(rows: readonly Record<string, unknown>[]): More {
  const defaults = new Map<string, string>();
  let query: string | undefined;
  for (const row of rows) {
    const { column_name: name, column_default: value, view_definition: view } = row;
    if (typeof name === 'string' && typeof value === 'string' && value !== 'NULL') defaults.set(name, value);
    if (typeof view === 'string') query = view;
  }
  return { defaults, query };
}

/** The statement. Undefined for an external table: what it reads from is not known here. */
export function ddl(table: WarehouseTable, { defaults, query }: More): string | undefined {
  if (table.type === 'EXTERNAL') return undefined;
  const name = quoted(table);
  const about = table.description === undefined ? '' : `\nOPTIONS(description=${text(table.description)})`;
  if (table.type === 'VIEW')
    return query === undefined ? undefined : `CREATE VIEW ${name}${about} AS\n${query};\n`;
  const columns = table.columns.map((column) => {
    const type = column.mode === 'REPEATED' ? `ARRAY<${column.type}>` : column.type;
    const value = defaults.get(column.name);
    return [
      `  \`${column.name}\` ${type}`,
      ...(value === undefined ? [] : [`DEFAULT ${value}`]),
      ...(column.mode === 'REQUIRED' ? ['NOT NULL'] : []),
      ...(column.description === undefined ? [] : [`OPTIONS(description=${text(column.description)})`]),
    ].join(' ');
  });
  const parts = [
    `CREATE TABLE ${name} (\n${columns.join(',\n')}\n)`,
    ...(table.partitionBy ? [`\nPARTITION BY ${table.partitionBy}`] : []),
    ...(table.clusterBy ? [`\nCLUSTER BY ${table.clusterBy.map((one) => `\`${one}\``).join(', ')}`] : []),
    about,
  ];
  return `${parts.join('')};\n`;
}

/** A text in SQL. */
function text(value: string): string {
  return JSON.stringify(value);
}
