// The list of flows, and the page of a flow.
import { type Execution, expect, test } from './segue';

/** How many of `total` rows the first page shows. Tests that ran before have saved flows, so there may be more pages. */
const onOnePage = (total: number): number => Math.min(total, 50);

test('U1 the list shows id with description mark, labels, namespace, last execution, triggers and the total', async ({
  page,
  segue,
}) => {
  const last = await segue.run('shop.orders/nightly_load');
  await page.goto(`${segue.url}/ui/`);
  const row = page.getByRole('row', { name: /nightly_load/ });
  await expect(row.getByRole('img', { name: /Loads the orders of a day/ })).toBeVisible();
  await expect(row.getByRole('link', { name: 'team=data' })).toBeVisible();
  await expect(row.getByText('shop.orders')).toBeVisible();
  await expect(
    row.getByRole('link', { name: `Last execution of nightly_load: ${last.state.current}` }),
  ).toBeVisible();
  await expect(row.locator('time').first()).toHaveAttribute('datetime', last.state.startDate);
  await expect(row.getByText('nightly', { exact: false }).last()).toBeVisible();
  const never = page.getByRole('row', { name: /never_run/ });
  await expect(never.getByRole('cell').nth(4)).toHaveText('');
  await expect(never.getByRole('cell').nth(5)).toHaveText('');
  const { total } = await segue.get<{ total: number }>('/flows/search');
  await expect(page.getByText(`1–${onOnePage(total)} of ${total} flows`)).toBeVisible();
});

test('U1 bars show the last executions of a flow, and each leads to its execution', async ({
  page,
  segue,
}) => {
  for (let run = 0; run < 2; run += 1) await segue.run('shop.orders/nightly_load');
  await segue.run('shop.orders/failing_load');
  type Runs = { results: Execution[] };
  const newest = '/executions/search?size=20&sort=state.startDate:desc&filters[flowId][EQUALS]=';
  await page.goto(`${segue.url}/ui/main/flows?filters[q][EQUALS]=_load`);
  for (const flow of ['nightly_load', 'failing_load']) {
    const { results } = await segue.get<Runs>(`${newest}${flow}`);
    const bars = page.getByRole('group', {
      name: new RegExp(`^Last ${results.length} executions of ${flow}: \\d+ `),
    });
    // The newest is the last bar.
    const expected = results.map(({ state }) => state.current).reverse();
    await expect(bars.getByRole('link')).toHaveCount(results.length);
    const states = bars.getByRole('link').evaluateAll((all) => all.map((bar) => bar.dataset['state']));
    expect(await states).toEqual(expected);
  }
  await expect(page.getByRole('group', { name: /executions of failing_load: .*FAILED/ })).toBeVisible();
  const { results } = await segue.get<Runs>(`${newest}nightly_load`);
  const bars = page.getByRole('group', { name: /executions of nightly_load/ });
  await expect(bars.getByRole('link').last()).toHaveAccessibleName(/^SUCCESS, .* \d/);
  await bars.getByRole('link').last().focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(results[1]?.id ?? 'no second execution'));
  await page.goto(`${segue.url}/ui/main/flows?filters[q][EQUALS]=never_run`);
  await expect(
    page
      .getByRole('row', { name: /never_run/ })
      .getByRole('cell')
      .nth(6),
  ).toHaveText('');
  await expect(page.getByRole('group', { name: /executions of never_run/ })).toHaveCount(0);
});

test('U21 filters and order are in the address, and survive reload and Back', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/`);
  await page.keyboard.press('/');
  await page.keyboard.type('load');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('row')).toHaveCount(3);
  await page.getByLabel('Namespace', { exact: true }).selectOption('shop.orders');
  await page.getByRole('button', { name: 'Id' }).click();
  await expect(page).toHaveURL(/sort=id%3Aasc/);
  const address = page.url();
  await page.reload();
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText('text is load');
  await expect(page.getByRole('row').nth(1)).toContainText('failing_load');
  await page.getByRole('link', { name: 'nightly_load', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'nightly_load' })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(address);
  await expect(page.getByRole('row')).toHaveCount(3);
  await page.getByRole('button', { name: 'Remove the filter text is load' }).click();
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  const { total } = await segue.get<{ total: number }>('/flows/search');
  await expect(page.getByRole('row')).toHaveCount(onOnePage(total) + 1);
});

test('U23 the chips are the filters of the request', async ({ page, segue }) => {
  const queries = [
    'filters[namespace][PREFIX]=shop&filters[q][EQUALS]=load',
    'filters[labels][EQUALS][team]=data',
    'filters[q][EQUALS]=no+such+flow',
    'filters[flowId][STARTS_WITH]=mon&filters[namespace][EQUALS]=shop.reports',
  ];
  for (const query of queries) {
    const asked = page.waitForRequest((request) => request.url().includes('/flows/search'));
    await page.goto(`${segue.url}/ui/main/flows?${query}`);
    const sent = [...new URL((await asked).url()).searchParams].filter(([name]) =>
      name.startsWith('filters'),
    );
    expect(sent).toEqual([...new URLSearchParams(query)]);
    await expect(page.getByRole('button', { name: /^Remove the filter/ })).toHaveCount(sent.length);
  }
});

test('U24 addresses of Kestra open the same page, and an unknown one says so', async ({ page, segue }) => {
  await page.goto(`${segue.url}/`);
  await expect(page).toHaveURL(/\/ui\/$/);
  await page.goto(`${segue.url}/ui/flows/edit/shop.orders/nightly_load/editor`);
  await expect(page.getByRole('textbox', { name: 'Source of the flow' })).toContainText('id: nightly_load');
  const run = await segue.run('shop.orders/nightly_load');
  await page.goto(`${segue.url}/ui/main/executions/shop.orders/nightly_load/${run.id}/gantt`);
  await expect(page.getByRole('tree', { name: 'Task runs' })).toBeVisible();
  await page.goto(`${segue.url}/ui/main/nowhere`);
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});

test('a flow shows its parts, its source with links to lines, and its executions', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop.reports/monthly');
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.orders/nightly_load`);
  await expect(page.getByRole('region', { name: 'Inputs' })).toContainText('north');
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.locator('.cm-lineNumbers .cm-gutterElement').filter({ hasText: /^7$/ }).click();
  await expect(page).toHaveURL(/#L7$/);
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.reports/monthly/executions`);
  await expect(page.getByRole('link', { name: run.id.slice(0, 8) })).toBeVisible();
  await page.goto(`${segue.url}/ui/main/flows/edit/shop/none`);
  await expect(page.getByRole('alert')).toContainText('shop.none');
});

test('U28 the theme is kept, and is there before the first paint', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/`);
  for (const [theme, colour] of [
    ['dark', 'rgb(20, 23, 28)'],
    ['light', 'rgb(255, 255, 255)'],
  ] as const) {
    await page.getByLabel('Theme').selectOption(theme);
    await expect(page.locator('body')).toHaveCSS('background-color', colour);
    await page.reload({ waitUntil: 'commit' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
  }
});

test('U49 a description is drawn as Markdown, and a tag in it is text', async ({ page, segue }) => {
  await segue.save(`id: described
namespace: shop.edit
description: |
  Loads **all** rows with \`bq\`. <img src=x onerror="document.title='run'">

  - first
  - second

  \`\`\`mermaid
  graph TD
  \`\`\`
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: x
`);
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.edit/described/overview`);
  await expect(page.locator('main strong').filter({ hasText: 'all' })).toBeVisible();
  await expect(page.getByText('<img src=x onerror=')).toBeVisible();
  await expect(page.locator('main li').filter({ hasText: 'second' })).toBeVisible();
  await expect(page.locator('main img')).toHaveCount(0);
  await expect(page).not.toHaveTitle('run');
});

test('U38 sources are searched by text and by pattern, and a line leads to the editor', async ({
  page,
  segue,
}) => {
  await segue.save(`id: searched
namespace: shop.search
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: needle 4711 and needle
`);
  await page.goto(`${segue.url}/ui/`);
  await page.getByRole('link', { name: 'Search sources' }).click();
  const field = page.getByRole('searchbox', { name: /Search the text of flows/ });
  await field.fill('NEEDLE');
  await field.press('Enter');
  const found = page.getByRole('region', { name: 'shop.search.searched' });
  await expect(found.locator('mark')).toHaveText(['needle', 'needle']);
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await page.getByRole('button', { name: 'Remove the filter text is NEEDLE' }).click();
  await field.fill('needle [0-9]{4} and');
  await field.press('Enter');
  await expect(found.locator('mark')).toHaveText(['needle 4711 and']);
  await page.reload();
  await found.getByRole('link', { name: /needle 4711/ }).click();
  await expect(page).toHaveURL(/\/flows\/edit\/shop\.search\/searched\/edit#L6$/);
  await expect(page.locator('.cm-line.marked')).toContainText('needle 4711');
  await page.goBack();
  await page.getByRole('button', { name: /^Remove the filter/ }).click();
  await field.fill('(');
  await field.press('Enter');
  await expect(page.getByRole('alert')).toContainText('query:');
});

test('U50 what is disabled in the list is struck there and in the topology, and the source always wins', async ({
  page,
  segue,
}) => {
  const trigger = (id: string, more = ''): string => `  - id: ${id}
    type: io.kestra.plugin.core.trigger.Schedule
    cron: 0 9 * * *
${more}`;
  await segue.save(`id: switched
namespace: shop.off
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: x
triggers:
${trigger('daily')}${trigger('never', '    disabled: true\n')}`);
  await page.goto(`${segue.url}/ui/main/flows?filters[namespace][EQUALS]=shop.off`);
  const row = page.getByRole('row', { name: /switched/ });
  const isStruck = (text: string): Promise<boolean> =>
    row
      .getByText(text)
      .first()
      .evaluate((element) => getComputedStyle(element).textDecorationLine === 'line-through');
  await expect(row).toContainText('in ');
  expect(await isStruck('daily')).toBe(false);
  expect(await isStruck('never')).toBe(true);
  await expect(row.getByTitle(/disabled in the source of the flow, which always wins/)).toBeVisible();

  await row.getByRole('button', { name: 'More about switched' }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await expect(row.getByText('disabled', { exact: true })).toBeVisible();
  await expect(row.getByTitle(/the flow is disabled/).first()).toBeVisible();
  await expect(row).not.toContainText(' in ');
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.off/switched/topology`);
  const node = page.locator('[data-trigger=daily]');
  await expect(node).toContainText('Schedule, off');
  await expect(node.getByText('daily')).toHaveCSS('text-decoration-line', 'line-through');

  await page.goto(`${segue.url}/ui/main/flows?filters[namespace][EQUALS]=shop.off`);
  await row.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Enable', exact: true }).click();
  await expect(page.getByText('1 flow: enabled')).toBeVisible();
  await expect(row).toContainText('in ');
  const off = { namespace: 'shop.off', flowId: 'switched', triggerId: 'daily', disabled: true };
  const answer = await fetch(`${segue.url}/api/v1/main/triggers`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(off),
  });
  expect(answer.ok).toBe(true);
  await page.reload();
  await expect(row.getByTitle(/switched off/)).toBeVisible();
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.off/switched/topology`);
  await expect(node).toContainText('Schedule, off');
});
