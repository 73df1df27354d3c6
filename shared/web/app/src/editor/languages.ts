// The languages of files, by the endings of their names. A language is loaded when a file in it is opened.
import type { Extension } from '@codemirror/state';

/** BigQuery's reserved words, and a few that are common. */
const KEYWORDS =
  'all and any array as asc assert at between by case cast collate contains create cross cube current default define ' +
  'delete desc distinct drop else end escape except exclude exists external extract false fetch following for from ' +
  'full group grouping groups hash having if ignore in inner insert intersect interval into is join lateral left like ' +
  'limit lookup matched merge natural new no not null nulls of offset on options or order outer over partition ' +
  'preceding proto qualify range recursive replace respect right rollup rows schema select set some struct table ' +
  'tablesample then to treat true truncate unbounded union unnest update using values view when where window with within';
const TYPES =
  'bignumeric bool boolean bytes date datetime decimal float64 geography int int64 integer interval json numeric string ' +
  'time timestamp';

/** Tables with their columns, by dataset and table. */
export type Tables = Record<string, Record<string, string[]>>;

/** BigQuery's SQL. Completion offers the tables and their columns. */
export async function bigquery(tables: Tables = {}): Promise<Extension> {
  const { sql, SQLDialect } = await import('@codemirror/lang-sql');
  const dialect = SQLDialect.define({
    keywords: KEYWORDS,
    types: TYPES,
    identifierQuotes: '`',
    doubleQuotedStrings: true,
    hashComments: true,
  });
  return sql({ dialect, schema: tables, upperCaseKeywords: true });
}

const languages: Record<string, () => Promise<Extension>> = {
  py: async () => (await import('@codemirror/lang-python')).python(),
  sql: () => bigquery(),
  json: async () => (await import('@codemirror/lang-json')).json(),
  yaml: async () => (await import('@codemirror/lang-yaml')).yaml(),
  sh: async () => {
    const { StreamLanguage } = await import('@codemirror/language');
    const { shell } = await import('@codemirror/legacy-modes/mode/shell');
    return StreamLanguage.define(shell);
  },
};
const ALSO: Record<string, string> = { yml: 'yaml', bash: 'sh' };

/** The language of a file. Nothing for a text without one. */
export async function languageOf(name: string): Promise<Extension> {
  const ending = name.split('.').at(-1)?.toLowerCase() ?? '';
  return (await languages[ALSO[ending] ?? ending]?.()) ?? [];
}
