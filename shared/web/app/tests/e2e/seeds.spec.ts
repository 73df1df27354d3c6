// What the flows of courses and teams show: months in labels, loads by subflow, and models of dbt.
import { violations } from './axe';
import { type Execution, expect, type Segue, test } from './segue';

const MONTHS = `id: months
namespace: seeds
concurrency: { limit: 1 }
tasks:
  - id: set_label
    type: io.kestra.plugin.core.execution.Labels
    labels:
      file: "{{ trigger.date | date('yyyyMM') }}-trips.csv"
triggers:
  - id: monthly
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "@monthly"
    disabled: true
`;

interface Found {
  total: number;
  results: (Execution & { labels: { key: string; value: string }[] })[];
}

function runsOf(segue: Segue, flow: string, more = ''): Promise<Found> {
  return segue.get(`/executions/search?filters[flowId][EQUALS]=${flow}&size=100${more}`);
}

test('U9 the months of a backfill are in the list with their labels, and a label leads to its month', async ({
  page,
  segue,
}) => {
  await segue.save(MONTHS);
  await segue.post('/backfills', {
    ...{ namespace: 'seeds', flowId: 'months', triggerId: 'monthly' },
    ...{ start: '2023-01-01', end: '2024-12-01' },
  });
  await expect
    .poll(async () => (await runsOf(segue, 'months', '&filters[state][IN]=SUCCESS')).total, {
      timeout: 30_000,
    })
    .toBe(24);
  await page.goto(`${segue.url}/ui/main/flows/edit/seeds/months/executions`);
  const rows = page.getByRole('row').filter({ hasText: '-trips.csv' });
  await expect(rows).toHaveCount(24);
  const labels = await rows.getByRole('link', { name: /^file=/ }).allInnerTexts();
  const month = (at: number) => `${2023 + Math.floor(at / 12)}${String((at % 12) + 1).padStart(2, '0')}`;
  expect(labels.sort()).toEqual(Array.from({ length: 24 }, (_, at) => `file=${month(at)}-trips.csv`));
  for (const run of (await runsOf(segue, 'months')).results) {
    const row = rows.filter({ hasText: run.id.slice(0, 8) });
    await expect(row.locator(`time[datetime="${run.state.startDate}"]`)).toBeVisible();
    await expect(row).toContainText('SUCCESS');
  }
  await page.getByRole('link', { name: 'file=202403-trips.csv' }).click();
  await expect(rows).toHaveCount(1);
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('file=202403-trips.csv');
});

test('U80 a loop over subflows folds, shows their states while they run, and leads there and back', async ({
  page,
  segue,
}) => {
  await segue.save(`id: load_month
namespace: seeds
inputs:
  - { id: month, type: INT }
tasks:
  - id: gate
    type: io.kestra.plugin.core.flow.Pause
    runIf: '{{ inputs.month == 3 }}'
`);
  await segue.save(`id: load_all
namespace: seeds
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: '{{ range(1, 24) }}'
    concurrencyLimit: 0
    tasks:
      - id: load
        type: io.kestra.plugin.core.flow.Subflow
        namespace: seeds
        flowId: load_month
        inputs: { month: '{{ taskrun.value }}' }
        wait: true
`);
  const parent = await segue.run('seeds/load_all', {}, false);
  await expect
    .poll(async () => (await runsOf(segue, 'load_month', '&filters[state][IN]=SUCCESS')).total, {
      timeout: 30_000,
    })
    .toBe(23);
  const paused = (await runsOf(segue, 'load_month', '&filters[state][IN]=PAUSED')).results[0];
  if (!paused) throw new Error('no subflow waits');
  await page.goto(segue.address(parent, 'topology'));
  const topology = page.getByRole('region', { name: 'Topology' });
  await expect(topology.locator('[data-task=load]')).toHaveCount(1);
  const iterations = topology.getByRole('list', { name: 'Iterations of load' });
  await expect(iterations).toContainText('23');
  await expect(topology.locator('[data-task=load]')).toHaveAttribute('data-state', 'RUNNING');

  await page.goto(segue.address(parent, 'gantt'));
  const loop = page.getByRole('treeitem', { name: /^each/ });
  await loop.focus();
  await loop.press('ArrowLeft');
  await expect(page.getByRole('treeitem')).toHaveCount(1);

  await page.goto(segue.address(paused, 'gantt'));
  await page.getByRole('link', { name: parent.id.slice(0, 8) }).click();
  await expect(page).toHaveURL(new RegExp(parent.id));
  await page.getByRole('link', { name: 'list them' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'load_month' })).toHaveCount(24);
  await page.getByRole('link', { name: paused.id.slice(0, 8) }).click();
  await expect(page).toHaveURL(new RegExp(paused.id));
  await page.goto(segue.address(parent, 'topology'));
  await segue.resume(paused.id);
  await expect(iterations).toContainText('24');
  await expect(topology.locator('[data-task=load]')).toHaveAttribute('data-state', 'SUCCESS');
});

const PROJECT: Record<string, string> = {
  'dbt_project.yml': `name: shop
version: 1.0.0
profile: default
model-paths: [models]
models: { shop: { +materialized: table } }
`,
  'models/sources.yml': `version: 2
sources:
  - name: raw
    schema: dbt_shop
    tables: [{ name: orders }, { name: customers }]
`,
  'models/stg_orders_of_the_whole_shop.sql': "select * from {{ source('raw', 'orders') }}\n",
  'models/stg_customers_of_the_whole_shop.sql': "select * from {{ source('raw', 'customers') }}\n",
  'models/fact_orders.sql': `select o.id, c.name
from {{ ref('stg_orders_of_the_whole_shop') }} o
join {{ ref('stg_customers_of_the_whole_shop') }} c on o.customer = c.id
`,
  'models/orders_by_customer.sql': `select c.id, count(f.id) as orders
from {{ ref('stg_customers_of_the_whole_shop') }} c
left join {{ ref('fact_orders') }} f on f.name = c.name
group by c.id
`,
};

const DBT = `id: models
namespace: seeds.dbt
tasks:
  - id: sync
    type: io.kestra.plugin.core.log.Log
    message: the project is in the files of the namespace
  - id: dbt_build
    type: io.kestra.plugin.dbt.cli.DbtCLI
    containerImage: ghcr.io/kestra-io/dbt-bigquery:latest
    namespaceFiles: { enabled: true }
    commands: [dbt build]
    profiles: |
      default:
        outputs:
          dev: { type: bigquery, method: oauth, project: demo, dataset: dbt_shop, location: US, threads: 2 }
        target: dev
`;

/** One run of dbt for all tests of this file. The first run on a machine installs dbt. */
let built: Promise<Execution> | undefined;
function dbtRun(segue: Segue): Promise<Execution> {
  return (built ??= build(segue));
}

async function build(segue: Segue): Promise<Execution> {
  const sql = `CREATE SCHEMA dbt_shop;
CREATE TABLE dbt_shop.orders AS SELECT 1 AS id, 7 AS customer;
CREATE TABLE dbt_shop.customers AS SELECT 7 AS id, 'Ada' AS name`;
  await segue.post('/warehouse/query', { sql });
  for (const [name, text] of Object.entries(PROJECT)) await segue.writeFile('seeds.dbt', name, text);
  await segue.save(DBT);
  const run = await segue.run('seeds.dbt/models', {}, false);
  const state = async () => (await segue.get<Execution>(`/executions/${run.id}`)).state.current;
  await expect.poll(state, { timeout: 500_000, intervals: [1_000] }).toMatch(/SUCCESS|WARNING|FAILED/);
  expect(await state()).toBe('SUCCESS');
  return run;
}

/** The models of the project. */
const MODELS = [
  'fact_orders',
  'orders_by_customer',
  'stg_customers_of_the_whole_shop',
  'stg_orders_of_the_whole_shop',
];

test('U13 each model of dbt is a row below its task, with its whole name', async ({ page, segue }) => {
  test.setTimeout(600_000);
  const run = await dbtRun(segue);
  await page.goto(segue.address(run, 'gantt'));
  const rows = page.getByRole('treeitem');
  await expect(rows).toHaveCount(6);
  for (const name of MODELS) {
    const row = page.getByRole('treeitem', { name: new RegExp(`model\\.shop\\.${name}`) });
    await expect(row).toHaveAttribute('aria-level', '2');
    await expect(row).toContainText('SUCCESS');
    // A name that does not fit is whole in its title.
    await expect(row.locator(`[title*="model.shop.${name}"]`).first()).toBeVisible();
  }
  const { rows: made } = await segue.post<{ rows: unknown[] }>('/warehouse/query', {
    sql: 'SELECT * FROM dbt_shop.fact_orders',
  });
  expect(made).toEqual([{ id: 1, name: 'Ada' }]);
});

test('U14 the lineage of dbt has sources and models from left to right, with what became of them', async ({
  page,
  segue,
}) => {
  test.setTimeout(600_000);
  const run = await dbtRun(segue);
  await page.goto(segue.address(run, 'topology'));
  const lineage = page.getByRole('region', { name: 'Lineage', exact: true });
  await expect(lineage.locator('[data-node]')).toHaveCount(6);
  await expect(page.getByText('6 nodes, 6 edges')).toBeVisible();
  await expect(lineage.locator('svg path')).toHaveCount(6);
  await expect(lineage.getByText('SRC', { exact: true })).toHaveCount(2);
  await expect(lineage.getByText('MDL', { exact: true })).toHaveCount(4);
  const left = async (id: string): Promise<number> =>
    (await lineage.locator(`[data-node="${id}"]`).boundingBox())?.x ?? Number.NaN;
  const edges = [
    ['source.shop.raw.orders', 'model.shop.stg_orders_of_the_whole_shop'],
    ['source.shop.raw.customers', 'model.shop.stg_customers_of_the_whole_shop'],
    ['model.shop.stg_orders_of_the_whole_shop', 'model.shop.fact_orders'],
    ['model.shop.stg_customers_of_the_whole_shop', 'model.shop.fact_orders'],
    ['model.shop.fact_orders', 'model.shop.orders_by_customer'],
    ['model.shop.stg_customers_of_the_whole_shop', 'model.shop.orders_by_customer'],
  ] as const;
  for (const [before, after] of edges) expect(await left(before), after).toBeLessThan(await left(after));
  for (const name of MODELS)
    await expect(lineage.locator(`[data-node="model.shop.${name}"]`)).toContainText('SUCCESS');
  expect(await violations(page)).toEqual([]);

  await page
    .getByRole('group', { name: 'View of the lineage' })
    .getByRole('button', { name: 'Table' })
    .click();
  const row = page.getByRole('row').filter({ hasText: 'dbt_shop`.`fact_orders' });
  await expect(row.getByRole('cell').nth(3)).toHaveText(
    'stg_orders_of_the_whole_shop, stg_customers_of_the_whole_shop',
  );
  await expect(row).toContainText('SUCCESS');
});
