// The pages of data: buckets with objects, and the local warehouse with SQL.
import { readFile } from 'node:fs/promises';
import { expect, type Segue, test } from './segue';

interface Result {
  rows: Record<string, unknown>[];
}

/** A flow that does what the flow of the bay area does, without the network. */
const COUNTY = `id: counties_to_table
namespace: bay
tasks:
- id: write
  type: io.kestra.plugin.core.storage.Write
  content: |
    county,population,area
    Alameda,1682353,
    "Marin, North",262321,1.50
  extension: .csv
- id: upload_to_gcs
  type: io.kestra.plugin.gcp.gcs.Upload
  from: "{{ outputs.write.uri }}"
  to: gs://bay-data/bay_area_county_polygons.csv
  contentType: text/csv
- id: bq_external
  type: io.kestra.plugin.gcp.bigquery.Query
  sql: |
    CREATE SCHEMA IF NOT EXISTS bay;
    CREATE OR REPLACE EXTERNAL TABLE bay.bay_area_county_ext (
      county STRING OPTIONS(description='Name of the county'), population INT64, area STRING
    ) OPTIONS (format = 'CSV', uris = ['gs://bay-data/bay_area_county_polygons.csv'], skip_leading_rows = 1);
- id: bq_tables
  type: io.kestra.plugin.gcp.bigquery.Query
  sql: |
    CREATE OR REPLACE TABLE bay.trips (day DATE, fare NUMERIC, raw BYTES, note STRING) PARTITION BY day;
    INSERT INTO bay.trips VALUES ('2023-01-31', 12345678901234567890.123456789, b'\\x00\\xff', NULL), ('2023-02-01', 2, b'', '');
    CREATE OR REPLACE TABLE bay.trips_2023_01 AS SELECT * FROM bay.trips WHERE day < '2023-02-01';
    CREATE OR REPLACE VIEW bay.trips_view AS SELECT day FROM bay.trips;
`;
const FILE = 'county,population,area\nAlameda,1682353,\n"Marin, North",262321,1.50\n';

let isLoaded = false;
/** Runs the flow once for all tests of this file. */
async function loaded(segue: Segue): Promise<void> {
  if (isLoaded) return;
  await segue.makeBucket('bay-data');
  await segue.save(COUNTY);
  const run = await segue.run('bay/counties_to_table');
  expect(run.state.current).toBe('SUCCESS');
  isLoaded = true;
}

test('U5 the tasks of a load are in order in the Gantt, and the duration is that of the API', async ({
  page,
  segue,
}) => {
  await loaded(segue);
  const run = await segue.run('bay/counties_to_table');
  await page.goto(segue.address(run, 'gantt'));
  const names = ['write', 'upload_to_gcs', 'bq_external', 'bq_tables'];
  const rows = page.getByRole('tree', { name: 'Task runs' }).getByRole('treeitem');
  await expect(rows).toHaveCount(names.length);
  for (const [at, name] of names.entries()) await expect(rows.nth(at)).toContainText(name);
  expect(run.taskRunList.map(({ taskId }) => taskId)).toEqual(names);
});

test('U6 an object is found by its prefix, described, shown, and downloaded as it was', async ({
  page,
  segue,
}) => {
  await loaded(segue);
  await page.goto(`${segue.url}/ui/main/data/storage`);
  const first = page.getByRole('row').nth(1);
  await expect(first).toContainText('internal storage');
  await page.getByRole('link', { name: 'bay-data' }).click();
  await page.getByLabel('Keys begin with').fill('bay');
  await page.getByLabel('Keys begin with').press('Enter');
  await expect(page).toHaveURL(/prefix=bay/);
  const row = page.getByRole('row', { name: /bay_area_county_polygons\.csv/ });
  await expect(row).toContainText(`${FILE.length} B`);
  await expect(row).toContainText('text/csv');
  await expect(row).toContainText('STANDARD');
  await row.getByRole('link').click();
  const dialog = page.getByRole('dialog', { name: 'bay_area_county_polygons.csv' });
  await expect(dialog.getByRole('cell', { name: 'Marin, North' })).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('link', { name: 'Download' }).click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toBe(FILE);
});

test('U7 an external table has its shape, its declared columns and its rows', async ({ page, segue }) => {
  await loaded(segue);
  await page.goto(`${segue.url}/ui/main/data/warehouse`);
  const tree = page.getByRole('navigation', { name: 'Tables' });
  const link = tree.getByRole('link', { name: 'external table bay_area_county_ext' });
  await link.click();
  const schema = page.getByRole('region', { name: 'Table' });
  await expect(schema.getByRole('row', { name: /^county STRING NULLABLE/ })).toBeVisible();
  await expect(schema.getByRole('row', { name: /^population INT64/ })).toBeVisible();
  await page.getByRole('link', { name: 'Preview' }).click();
  const rows = page.getByRole('region', { name: 'First rows of bay_area_county_ext' });
  await expect(rows.getByRole('cell', { name: 'Marin, North' })).toBeVisible();
  await expect(rows.getByRole('cell', { name: 'NULL' })).toHaveCount(1);
  await page.reload();
  await expect(rows.getByRole('cell', { name: '262321' })).toBeVisible();
});

test('U10 sizes of objects are to read and exact', async ({ page, segue }) => {
  await loaded(segue);
  for (let month = 1; month <= 24; month += 1) {
    const name = `trips-${String(month).padStart(2, '0')}.csv`;
    await segue.putObject('bay-data', `trips/${name}`, 'x'.repeat(1_500_000 + month));
  }
  await page.goto(`${segue.url}/ui/main/data/storage?bucket=bay-data`);
  await page.getByRole('button', { name: 'trips/', exact: true }).click();
  await expect(page.getByRole('row', { name: /trips-\d\d\.csv/ })).toHaveCount(24);
  await expect(page.getByRole('row', { name: /trips-07\.csv/ })).toContainText('1.4 MiB, 1,500,007 B');
  await page.getByRole('button', { name: 'Count all' }).click();
  await expect(page.getByRole('status')).toContainText('24 objects, 34.3 MiB, 36,000,300 B');
  await page.getByRole('navigation', { name: 'Folders' }).getByRole('button', { name: 'bay-data' }).click();
  await expect(page.getByRole('button', { name: 'trips/', exact: true })).toBeVisible();
});

test('U11 kinds of tables have shapes of their own, and rows are counted', async ({ page, segue }) => {
  await loaded(segue);
  await page.goto(`${segue.url}/ui/main/data/warehouse?table=bay.trips`);
  const tree = page.getByRole('navigation', { name: 'Tables' });
  for (const name of [
    'partitioned table trips',
    'table trips_2023_01',
    'external table bay_area_county_ext',
    'view trips_view',
  ])
    await expect(tree.getByRole('link', { name, exact: true })).toBeVisible();
  const glyphs = await tree.getByRole('img').allTextContents();
  expect(new Set(glyphs).size).toBe(4);
  const count = await segue.post<Result>('/warehouse/query', { sql: 'SELECT COUNT(*) AS n FROM bay.trips' });
  const facts = page.getByRole('region', { name: 'Table' });
  await expect(facts.locator('dl')).toHaveText(new RegExp(`Rows\\s*${String(count.rows[0]?.['n'])}\\s`));
  await expect(facts.locator('dl')).toHaveText(/Partitioned by\s*day/);
});

test('U97 SQL is completed, checked before it runs, read only at first, and exact', async ({
  page,
  segue,
}) => {
  await loaded(segue);
  await page.goto(`${segue.url}/ui/main/data/warehouse?view=sql`);
  const sql = page.getByRole('textbox', { name: 'SQL' });
  await sql.click();
  await page.keyboard.type('SELECT * FROM bay.tri');
  await page.keyboard.press('Control+Space');
  await expect(page.getByRole('option', { name: 'trips_2023_01' })).toBeVisible();
  await page.keyboard.press('Escape');
  const write = async (text: string) => {
    await sql.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  };
  const said = page.getByRole('region', { name: 'SQL' }).getByRole('status').first();

  await write('SELECT day, fare, raw, note FROM bay.trips ORDER BY day');
  await expect(said).toContainText('SELECT would read at most');
  await page.keyboard.press('Control+Enter');
  const result = page.getByRole('region', { name: 'Result' });
  const exact = result.getByRole('row', { name: /2023-01-31/ });
  await expect(exact).toContainText('12345678901234567890.123456789');
  await expect(exact).toContainText('AP8=');
  await expect(exact.getByRole('cell').last()).toHaveText('NULL');
  await expect(
    result
      .getByRole('row', { name: /2023-02-01/ })
      .getByRole('cell')
      .last(),
  ).toHaveText('');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toBe(
    'day,fare,raw,note\n2023-01-31,12345678901234567890.123456789,AP8=,\n2023-02-01,2,,\n',
  );

  await write('SELECT day,\n  fair FROM bay.trips');
  await expect(said).toContainText('[2:3]');
  await expect(page.locator('.cm-lintRange-error')).toHaveText('fair');

  await write('DELETE FROM bay.trips_2023_01 WHERE TRUE');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('alert')).toContainText('Nothing was run');
  await page.getByLabel('Read only').uncheck();
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByText('DELETE is done: 1 rows.')).toBeVisible();

  await write(
    'SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000000)) AS a CROSS JOIN UNNEST(GENERATE_ARRAY(1, 3000000)) AS b WHERE MOD(a * b, 7) = 3',
  );
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('alert')).toContainText('The query was cancelled.');
  await write('SELECT 1 AS one');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(result.getByRole('columnheader', { name: /^one/ })).toBeVisible();
});

test('U97 several queries are kept with what was run, and a table has its DDL', async ({ page, segue }) => {
  const sql = `CREATE SCHEMA IF NOT EXISTS kept;
CREATE OR REPLACE TABLE kept.days (day DATE NOT NULL OPTIONS(description="the day"), n NUMERIC(10, 2) DEFAULT 1.5,
  tags ARRAY<STRING>) PARTITION BY day CLUSTER BY n OPTIONS(description="one row a day");
CREATE OR REPLACE VIEW kept.all_days AS SELECT day FROM kept.days`;
  await segue.post('/warehouse/query', { sql });
  const console = `${segue.url}/ui/main/data/warehouse?view=sql`;
  await page.goto(`${console}&sql=SELECT+11+AS+n`);
  const text = page.getByRole('textbox', { name: 'SQL' });
  const result = page.getByRole('region', { name: 'Result' });
  await expect(text).toContainText('SELECT 11');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(result).toContainText('11');
  await page.getByRole('button', { name: 'New query' }).click();
  await expect(result).toHaveCount(0);
  await text.click();
  await page.keyboard.type('SELECT nothing');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('alert')).toContainText('nothing');
  const queries = page.getByRole('group', { name: 'Queries' });
  await page.goto(console);
  await expect(queries.getByRole('button', { name: 'SELECT nothing', exact: true })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await queries.getByRole('button', { name: 'SELECT 11 AS n', exact: true }).click();
  await expect(text).toContainText('SELECT 11');
  await queries.getByRole('button', { name: 'Close SELECT 11 AS n' }).click();
  await expect(text).toContainText('SELECT nothing');
  await page.getByText('History').click();
  const past = page.getByRole('list', { name: 'What was run' }).getByRole('listitem');
  await expect(past).toHaveCount(2);
  await expect(past.first()).toContainText('✕');
  await expect(past.last()).toContainText('1 rows');
  await past.last().getByRole('button').click();
  await expect(text).toContainText('SELECT 11');

  // The statement makes the same table again.
  type Tables = Record<string, unknown>[];
  const before = await segue.get<Tables>('/warehouse/tables?dataset=kept');
  for (const table of ['all_days', 'days']) {
    await page.goto(`${segue.url}/ui/main/data/warehouse?table=kept.${table}&view=ddl`);
    const ddl = await page.getByLabel('DDL', { exact: true }).innerText();
    const create = ddl.replace(/^CREATE (TABLE|VIEW)/, 'CREATE OR REPLACE $1');
    await segue.post('/warehouse/query', { sql: create });
  }
  expect(await segue.get<Tables>('/warehouse/tables?dataset=kept')).toEqual(before);
  const { rows } = await segue.post<Result>('/warehouse/query', {
    sql: "INSERT INTO kept.days (day) VALUES ('2024-01-01'); SELECT n FROM kept.days",
  });
  expect(rows).toEqual([{ n: 1.5 }]);
});

test('U97 without the local warehouse there is no page of tables', async ({ page, segue }) => {
  await page.route('**/api/v1/main/configs', async (route) => {
    const answer = await route.fetch();
    const configs = (await answer.json()) as Record<string, unknown>;
    await route.fulfill({ response: answer, json: { ...configs, hasLocalWarehouse: false } });
  });
  await page.goto(`${segue.url}/ui/main/data/storage`);
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await expect(pages.getByRole('link', { name: 'Storage' })).toBeVisible();
  await expect(pages.getByRole('link', { name: 'Warehouse' })).toHaveCount(0);
});

test('U98 50,000 objects come page by page; objects are uploaded and deleted', async ({ page, segue }) => {
  await segue.makeBucket('many-objects');
  await segue.fill('many-objects', 50_000);
  await page.goto(`${segue.url}/ui/main/data/storage?bucket=many-objects`);
  const rows = page.getByRole('row', { name: /object-\d{5}\.txt/ });
  await expect(rows).toHaveCount(100);
  await page.getByRole('button', { name: 'Next page' }).click();
  await expect(rows.first()).toContainText('object-00100.txt');
  await page.reload();
  await expect(rows.first()).toContainText('object-00100.txt');
  await page.getByLabel('Keys begin with').fill('object-4999');
  await page.getByLabel('Keys begin with').press('Enter');
  await expect(rows).toHaveCount(10);

  await page.getByLabel('Keys begin with').fill('new/');
  await page.getByLabel('Keys begin with').press('Enter');
  await page.getByLabel('Files to upload').setInputFiles([
    { name: 'a b.txt', mimeType: 'text/plain', buffer: Buffer.from('one') },
    { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('two') },
  ]);
  await expect(page.getByRole('status')).toHaveText('2 files are uploaded.');
  await page.getByLabel('Choose new/a b.txt').check();
  await page.getByRole('button', { name: 'Delete 1…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete this object?' });
  await expect(dialog).toContainText('gs://many-objects/new/a b.txt');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'b.txt', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'a b.txt' })).toHaveCount(0);
});
