// Every page there is, for checks that hold for all of them.
import type { Segue } from './segue';

export interface Shown {
  name: string;
  address: string;
  /** A text that is there when the page is complete. */
  text: string;
}

/** Runs what the pages show, and names the pages. */
export async function pages(segue: Segue): Promise<Shown[]> {
  const done = await segue.run('shop.orders/nightly_load');
  const failed = await segue.run('shop.orders/failing_load');
  await segue.run('shop.reports/monthly');
  const ui = `${segue.url}/ui/main`;
  return [
    { name: 'flows', address: `${ui}/flows`, text: 'nightly_load' },
    { name: 'flow', address: `${ui}/flows/edit/shop.orders/nightly_load/overview`, text: 'concurrencyLimit' },
    {
      name: 'flow-edit',
      address: `${ui}/flows/edit/shop.orders/nightly_load/edit`,
      text: 'concurrencyLimit: 2',
    },
    {
      name: 'flow-revisions',
      address: `${ui}/flows/edit/shop.orders/nightly_load/revisions`,
      text: 'the same text',
    },
    {
      name: 'flow-backfills',
      address: `${ui}/flows/edit/shop.reports/monthly/backfills?start=2025-03-01&end=2025-08-31`,
      text: 'Start 6 runs',
    },
    {
      name: 'flow-topology',
      address: `${ui}/flows/edit/shop.orders/nightly_load/topology`,
      text: 'report',
    },
    {
      name: 'flow-concurrency',
      address: `${ui}/flows/edit/shop.acts/one_at_a_time/concurrency`,
      text: 'No execution waits',
    },
    {
      name: 'flow-dependencies',
      address: `${ui}/flows/edit/shop.acts/parent/dependencies`,
      text: 'endless',
    },
    { name: 'types', address: `${ui}/plugins?q=bigquery+query`, text: 'io.kestra.plugin.gcp.bigquery.Query' },
    { name: 'type', address: `${ui}/plugins/io.kestra.plugin.core.log.Log`, text: 'message' },
    { name: 'blueprints', address: `${ui}/blueprints`, text: 'From a CSV file to a table' },
    { name: 'blueprint', address: `${ui}/blueprints/branches`, text: 'by_lorry' },
    { name: 'dashboard', address: `${ui}/dashboards`, text: 'Needs attention' },
    { name: 'triggers', address: `${ui}/triggers`, text: 'first_of_month' },
    { name: 'logs', address: `${ui}/logs`, text: ' lines' },
    { name: 'source-search', address: `${ui}/flows/search?filters[q][EQUALS]=message`, text: 'never_run' },
    {
      name: 'flow-grid',
      address: `${ui}/flows/edit/shop.orders/nightly_load/executions?view=grid`,
      text: 'report',
    },
    { name: 'triggers-agenda', address: `${ui}/triggers?view=agenda`, text: 'triggers' },
    { name: 'execution-topology', address: segue.address(done, 'topology'), text: 'report' },
    { name: 'new-flow', address: `${ui}/flows/new`, text: 'id: my_flow' },
    { name: 'executions', address: `${ui}/executions`, text: failed.id.slice(0, 8) },
    { name: 'execution', address: segue.address(done, 'gantt'), text: 'report' },
    { name: 'execution-failed', address: segue.address(failed, 'gantt'), text: 'Open the log at line' },
    { name: 'execution-logs', address: segue.address(done, 'logs'), text: 'page 1 of 200 fetched' },
    { name: 'execution-outputs', address: segue.address(done, 'outputs'), text: 'orders.csv' },
    { name: 'execution-overview', address: segue.address(done, 'overview'), text: 'States' },
    { name: 'run', address: `${ui}/flows?run=shop.forms/all_inputs`, text: 'large' },
    ...(await dialogs(segue)),
    ...(await kept(segue)),
    ...(await boards(segue)),
    { name: 'missing', address: `${ui}/nowhere`, text: 'There is no such page' },
  ].map((page) => (page.name === 'flow' ? { ...page, text: 'ForEach' } : page));
}

/** A dashboard with a chart of each type. */
async function boards(segue: Segue): Promise<Shown[]> {
  const type = 'io.kestra.plugin.core.dashboard';
  const chart = (id: string, kind: string, more: string) =>
    `  - id: ${id}\n    type: ${type}.chart.${kind}\n    chartOptions: { displayName: The ${id}${more}`;
  const data = (of: string) => ` }\n    data:\n      type: ${type}.data.${of}\n`;
  const counted = '      columns: { state: { field: STATE }, total: { agg: COUNT } }\n';
  await segue.saveDashboard(
    `id: every_type\ntitle: Every type\ndescription: A chart of each type\ncharts:\n${[
      chart('days', 'TimeSeries', ', column: date, colorByColumn: state') +
        data('Executions') +
        '      columns: { date: { field: START_DATE }, state: { field: STATE }, total: { agg: COUNT } }\n',
      chart('bars', 'Bar', '') + data('Executions') + counted,
      chart('pie', 'Pie', '') + data('Executions') + counted,
      chart('table', 'Table', '') + data('Flows') + '      columns: { flow: { field: ID } }\n',
      chart('number', 'KPI', '') + data('FlowsKPI') + '      columns: { agg: COUNT }\n',
      chart('words', 'Markdown', ' }\n    content: Some *words*\n'),
    ].join('')}`,
  );
  const ui = `${segue.url}/ui/main/dashboards`;
  return [
    { name: 'board', address: `${ui}/every_type`, text: 'The number' },
    { name: 'board-edit', address: `${ui}/every_type/edit`, text: 'No problems' },
    { name: 'board-new', address: `${ui}/new`, text: 'No problems' },
  ];
}

/** What namespaces keep: keys, secrets, files. */
async function kept(segue: Segue): Promise<Shown[]> {
  await segue.setKey('shop', 'region', '"eu"');
  await segue.setKey('shop.orders', 'limit', '12');
  await segue.writeFile('shop.orders', 'scripts/load.py', 'print("loaded")\n');
  const ui = `${segue.url}/ui/main`;
  const one = `${ui}/namespaces/edit/shop.orders`;
  return [
    { name: 'namespaces', address: `${ui}/namespaces`, text: 'orders' },
    { name: 'namespace', address: `${one}/flows`, text: 'nightly_load' },
    { name: 'namespace-kv', address: `${one}/kv`, text: 'Inherited keys' },
    { name: 'namespace-files', address: `${one}/files?file=scripts/load.py`, text: 'bytes' },
    { name: 'kv', address: `${ui}/kv`, text: 'region' },
    { name: 'secrets', address: `${ui}/secrets?namespace=shop`, text: 'How to set a secret' },
    { name: 'health', address: `${ui}/health`, text: 'All well' },
    ...(await data(segue)),
  ];
}

/** A bucket with objects, and a table. */
async function data(segue: Segue): Promise<Shown[]> {
  await segue.makeBucket('shop-data');
  for (const [key, text] of [
    ['orders/2024-01.csv', 'day,eur\n2024-01-01,12.50\n2024-01-02,\n'],
    ['orders/2024-02.csv', 'day,eur\n2024-02-01,8\n'],
    ['readme.md', '# Orders of the shop\n'],
  ] as const)
    await segue.putObject('shop-data', key, text);
  const sql =
    "CREATE SCHEMA IF NOT EXISTS shop; CREATE OR REPLACE TABLE shop.orders (day DATE OPTIONS(description='Day of the " +
    "order'), eur NUMERIC, note STRING) PARTITION BY day; INSERT INTO shop.orders VALUES ('2024-01-01', 12.50, NULL), " +
    "('2024-01-02', 8, ''); CREATE OR REPLACE VIEW shop.days AS SELECT day FROM shop.orders";
  await segue.post('/warehouse/query', { sql });
  const [storage, warehouse] = [`${segue.url}/ui/main/data/storage`, `${segue.url}/ui/main/data/warehouse`];
  return [
    { name: 'storage', address: storage, text: 'shop-data' },
    { name: 'storage-bucket', address: `${storage}?bucket=shop-data&prefix=orders/`, text: '2024-02.csv' },
    {
      name: 'storage-preview',
      address: `${storage}?bucket=shop-data&object=orders/2024-01.csv`,
      text: '2024-01-02',
    },
    { name: 'warehouse', address: `${warehouse}?table=shop.orders`, text: 'Day of the order' },
    { name: 'warehouse-preview', address: `${warehouse}?table=shop.orders&view=preview`, text: '12.5' },
    {
      name: 'warehouse-sql',
      address: `${warehouse}?view=sql&sql=${encodeURIComponent('SELECT day, eur\nFROM shop.orders\nWHERE eur > 10')}`,
      text: 'would read at most',
    },
  ];
}

/** The dialogs over the page of an execution, by their links. */
export async function dialogs(segue: Segue): Promise<Shown[]> {
  const done = segue.address(await segue.run('shop.acts/steps', { rows: '7' }), 'gantt');
  const failed = segue.address(await segue.run('shop.orders/failing_load'), 'gantt');
  const paused = segue.address(await segue.until('shop.acts/approval', 'PAUSED'), 'gantt');
  return [
    { name: 'execution-paused', address: paused, text: 'waits for a person' },
    { name: 'act-restart', address: `${failed}?act=restart`, text: 'runs again, then' },
    { name: 'act-replay', address: `${done}?act=replay`, text: 'from the start' },
    { name: 'act-resume', address: `${paused}?resume=1`, text: 'waits for this' },
    { name: 'act-kill', address: `${paused}?act=kill`, text: 'What has not ended' },
    { name: 'act-state', address: `${failed}?act=state`, text: 'Nothing runs because' },
    { name: 'act-labels', address: `${done}?act=labels`, text: 'Add a label' },
    { name: 'act-delete', address: `${done}?act=delete`, text: 'cannot be brought back' },
  ];
}

/** Sets the theme as a user's choice. */
export function choose(theme: string): void {
  localStorage.setItem('theme', theme);
}
