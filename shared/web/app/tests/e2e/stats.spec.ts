// Numbers of many executions: charts, the grid of tasks, and the search over all logs.
import { expect, test, type Execution } from './segue';

const flow = (id: string): string => `id: ${id}
namespace: shop.numbers
inputs:
  - id: fails
    type: BOOLEAN
    defaults: false
tasks:
  - id: first
    type: io.kestra.plugin.core.log.Log
    message: "a line of {{ execution.id }}"
  - id: choice
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.fails }}"
    then:
      - id: fail
        type: io.kestra.plugin.core.execution.Fail
  - id: last
    type: io.kestra.plugin.core.log.Log
    message: done
`;

interface Found {
  results: Execution[];
  total: number;
}

test('U12 U90 the chart counts what the API counts, and each part of a bar leads to its executions', async ({
  page,
  segue,
}) => {
  await segue.save(flow('counted'));
  for (const fails of ['false', 'false', 'true']) await segue.run('shop.numbers/counted', { fails });
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.numbers/counted/overview`);
  const chart = page.getByRole('region', { name: 'Executions per day' });
  await expect(chart.getByRole('heading')).toHaveText(/Executions per day 3/);
  await expect(chart.getByRole('list', { name: 'Sums' })).toContainText('2 SUCCESS');
  await chart.getByRole('link', { name: /: 1 FAILED$/ }).click();
  await expect(page.getByText('1–1 of 1 executions')).toBeVisible();
  const { total } = await segue.get<Found>(
    '/executions/search?flowId=counted&state=FAILED&filters[namespace][EQUALS]=shop.numbers',
  );
  expect(total).toBe(1);

  await page.goto(`${segue.url}/ui/main/dashboards`);
  const all = await segue.get<Found>('/executions/search?size=1&state=SUCCESS&timeRange=PT24H');
  const sums = page.getByRole('region', { name: 'Executions per hour' }).getByRole('list', { name: 'Sums' });
  await expect(sums).toContainText(`${all.total} SUCCESS`);
  await page.getByRole('button', { name: 'Durations' }).click();
  await expect(page.getByRole('img', { name: /^Median and 95th percentile/ })).toBeVisible();
});

test('U16 the topology has a legend, and the grid shows the tasks of the last 25 executions', async ({
  page,
  segue,
}) => {
  await segue.save(flow('grid'));
  await segue.run('shop.numbers/grid', { fails: 'true' });
  let last: Execution | undefined;
  for (let count = 0; count < 25; count += 1) last = await segue.run('shop.numbers/grid');
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.numbers/grid/executions`);
  await page.getByRole('button', { name: 'Grid' }).click();
  const grid = page.getByRole('region', { name: 'Grid of executions and tasks' });
  const rows = grid.getByRole('row');
  // The failed one is the 26th, and so it has no column and no row for its task.
  await expect(rows).toHaveCount(4);
  await expect(grid.getByRole('columnheader')).toHaveCount(26);
  await expect(page.getByText('The last 25 of 26 executions')).toBeVisible();
  await expect(grid.getByRole('link', { name: 'last: SUCCESS' })).toHaveCount(25);
  await page.goto(`${page.url()}&filters[state][IN]=FAILED`);
  await expect(rows).toHaveCount(4);
  await expect(grid.getByRole('link', { name: 'fail: FAILED' })).toHaveCount(1);
  await expect(page.getByRole('list', { name: 'States' })).toContainText('FAILED');
  await grid.getByRole('link', { name: 'fail: FAILED' }).click();
  await expect(page.getByRole('treeitem', { selected: true })).toHaveAccessibleName(/^fail FAILED/);

  if (!last) throw new Error('the flow was run');
  await page.goto(segue.address(last, 'topology'));
  await expect(page.getByRole('list', { name: 'States' })).toContainText('SUCCESS');
  const lefts = await Promise.all(
    ['first', 'choice', 'last'].map(
      async (id) => (await page.locator(`[data-task=${id}]`).boundingBox())?.x ?? 0,
    ),
  );
  expect([...lefts].sort((one, other) => one - other)).toEqual(lefts);
});

test('the logs of all executions are searched, and a line leads to its place', async ({ page, segue }) => {
  await segue.save(flow('searched'));
  const run = await segue.run('shop.numbers/searched', { fails: 'true' });
  await page.goto(`${segue.url}/ui/`);
  await page.getByRole('link', { name: 'Logs' }).click();
  const field = page.getByRole('searchbox', { name: /Search the text of lines/ });
  await field.fill(`a line of ${run.id}`);
  await field.press('Enter');
  const found = page.getByRole('region', { name: `Lines of ${run.id.slice(0, 8)}` });
  await expect(found.getByRole('listitem')).toHaveCount(1);
  await expect(page.getByText('1–1 of 1 lines')).toBeVisible();
  await found.getByRole('link', { name: /^Line \d+$/ }).click();
  await expect(page).toHaveURL(/\/logs#L\d+$/);
  await expect(page.locator('li.marked')).toContainText(`a line of ${run.id}`);
  await page.goBack();
  await page.getByLabel('Level', { exact: true }).selectOption('ERROR');
  await expect(page.getByText('No line matches the filters and the time.')).toBeVisible();
  await page.getByRole('button', { name: 'Search everything' }).click();
  await expect(page.getByRole('button', { name: /^Remove the filter/ })).toHaveCount(0);
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.numbers/searched/logs`);
  await expect(page.getByRole('region', { name: /^Lines of/ }).first()).toBeVisible();
});
