// The page of an execution: chart, failures, logs, outputs, live changes.
import { expect, test } from './segue';

test('U5 the chart lists the task runs in order, with the durations of the API, and opens their logs', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop.orders/nightly_load');
  await page.goto(segue.address(run, 'gantt'));
  const items = page.getByRole('treeitem');
  await expect(items).toHaveCount(run.taskRunList.length);
  await expect(items.first()).toHaveAccessibleName(/^extract SUCCESS/);
  await expect(items.last()).toHaveAccessibleName(/^report SUCCESS/);
  const seconds = Number(/PT([\d.]+)S/.exec(run.state.duration)?.[1]);
  const shown = await page.locator('[data-test=duration]').innerText();
  expect(Math.abs(parseFloat(shown) - seconds)).toBeLessThan(0.01);
  // The canvas has the bar of the first row: a pixel of the colour of success.
  const isDrawn = await page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const row = canvas.getContext('2d')?.getImageData(0, 14 * devicePixelRatio, canvas.width, 1).data ?? [];
    return Array.from({ length: canvas.width }, (_, at) =>
      [row[at * 4], row[at * 4 + 1], row[at * 4 + 2]].join(),
    ).includes('23,114,69');
  });
  expect(isDrawn).toBe(true);
  await items.first().click();
  await expect(page).toHaveURL(/taskRun=/);
  await expect(page.getByRole('region', { name: 'Log', exact: true })).toContainText('page 1 of 200 fetched');
  await page.reload();
  await expect(page.getByRole('treeitem', { selected: true })).toHaveAccessibleName(/^extract/);
});

test('U62 U63 iterations fold into one row, and the tree tells everything without the canvas', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop.orders/nightly_load');
  await page.goto(segue.address(run, 'gantt'));
  const loop = page.getByRole('treeitem', { name: /^each/ });
  await expect(loop).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('treeitem', { name: /^check/ })).toHaveCount(3);
  await loop.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(loop).toHaveAttribute('aria-expanded', 'false');
  await expect(page.getByRole('treeitem', { name: /^check/ })).toHaveCount(0);
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('treeitem', { name: /^report/ })).toBeFocused();
});

test('U58 a failure is one click from the list, and says task, attempt, reason and line', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop.orders/failing_load');
  await page.goto(`${segue.url}/ui/main/executions?filters[state][IN]=FAILED`);
  await page.getByRole('link', { name: run.id.slice(0, 8) }).click();
  const card = page.getByRole('region', { name: 'Why it failed' });
  await expect(card.getByRole('heading')).toHaveText(/transform\s+failed at attempt 2/);
  await expect(card).toContainText('row 7 has 3 columns, and 4 are expected');
  await expect(page.getByRole('treeitem', { name: /^transform FAILED .*2\s?attempts/ })).toBeVisible();
  await card.getByRole('link', { name: /^Open the log at line/ }).click();
  const line = /#L(\d+)$/.exec(page.url())?.[1];
  await expect(page.getByRole('button', { name: `Link to line ${line}`, exact: true })).toBeInViewport();
});

test('U59 restart goes on from the failed task, and the page follows', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/failing_load');
  const before = await segue.get<{ taskRunList: { id: string; taskId: string }[] }>(`/executions/${run.id}`);
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await expect(page.getByRole('treeitem', { name: /^transform .*3\s?attempts/ })).toBeVisible();
  const after = await segue.get<{ taskRunList: { id: string; taskId: string }[] }>(`/executions/${run.id}`);
  expect(after.taskRunList[0]).toEqual(before.taskRunList[0]);
});

test('U32 a server that is killed and started again loses no line and doubles none', async ({
  page,
  segue,
}) => {
  const { run, gate } = await segue.hold('shop.orders/slow_log');
  await page.goto(segue.address(run, 'logs'));
  await expect(page.getByText('line number 3', { exact: true })).toBeVisible();
  await segue.kill();
  await expect(page.locator('[data-status=reconnecting]')).toBeVisible();
  await segue.start();
  await expect(page.locator('[data-status=live]')).toBeVisible();
  gate.open();
  await expect(page.locator('[data-status=ended]')).toBeVisible({ timeout: 90_000 });
  const stored = await segue.get<unknown[]>(`/logs/${run.id}`);
  await expect(page.getByText(`${stored.length} lines`, { exact: true })).toBeVisible();
});

test('U67 a live log follows its end, and has each line once in order', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/slow_log', {}, false);
  await page.goto(segue.address(run, 'logs'));
  await expect(page.getByText('line number 5', { exact: true })).toBeVisible();
  await expect(page.getByText('the end of all', { exact: true })).toBeVisible();
  await expect(page.locator('[data-status=ended]')).toBeVisible();
  const texts = await page.locator('li .text').allInnerTexts();
  expect(texts.filter((text) => text.startsWith('line number'))).toEqual(
    Array.from({ length: 30 }, (_, at) => `line number ${at + 1}`),
  );
});

test('U66 U70 a long log shows any line by link, a range by Shift, and finds every hit', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop.orders/long_log');
  await page.goto(`${segue.address(run, 'logs')}#L15000`);
  const line = page.getByRole('button', { name: 'Link to line 15000', exact: true });
  await expect(line).toBeInViewport();
  expect(await page.locator('.log li').count()).toBeLessThan(200);
  await page.getByRole('button', { name: 'Link to line 15003', exact: true }).click({ modifiers: ['Shift'] });
  await expect(page).toHaveURL(/#L15000-15003$/);
  await page.goto(page.url());
  await expect(page.locator('li.marked')).toHaveCount(4);
  await page.getByLabel('Find in the log').fill('entry 1999');
  await expect(page.getByText('1 of 11')).toBeVisible();
  await page.getByRole('button', { name: 'Previous' }).click();
  await expect(page.getByText('entry 19999 of the log')).toBeInViewport();
  await page.getByRole('region', { name: 'Log', exact: true }).focus();
  await page.keyboard.press('End');
  await expect(page.getByText('entry 20000 of the log')).toBeInViewport();
});

test('U68 text of logs and of flows is text, and colours of programs are shown', async ({ page, segue }) => {
  const run = await segue.run('shop/text_log');
  await page.goto(segue.address(run, 'logs'));
  await expect(page.getByText('<b>not bold</b>')).toBeVisible();
  const coloured = await segue.run('shop.orders/nightly_load');
  await page.goto(`${segue.address(coloured, 'logs')}?search=all+pages`);
  await expect(page.locator('.ansi-2')).toHaveText('all pages are here');
});

test('U61 each button is there only where the API accepts it', async ({ page, segue }) => {
  const done = await segue.run('shop/text_log');
  await page.goto(segue.address(done, 'gantt'));
  await expect(page.getByRole('button', { name: 'Replay' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Restart' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Kill' })).toHaveCount(0);
  const { run: running } = await segue.hold('shop.orders/slow_log');
  await page.goto(segue.address(running, 'gantt'));
  await page.getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Kill' }).click();
  await expect(page.getByText('KILLED', { exact: true }).first()).toBeVisible();
});

test('an execution that does not exist says so', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/executions/shop/none/NONE/gantt`);
  await expect(page.getByRole('alert')).toContainText('NONE');
});

test('U104 on a phone, a link leads to the reason and to Restart', async ({ page, segue }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const run = await segue.run('shop.orders/failing_load');
  await page.goto(segue.address(run, 'gantt'));
  await expect(page.getByRole('region', { name: 'Why it failed' })).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Restart' })).toBeInViewport();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
});
