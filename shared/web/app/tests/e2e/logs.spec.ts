// A log that is too long for the page: parts by their numbers, search on the server, links to lines.
import { violations } from './axe';
import { expect, test, type Execution, type Segue } from './segue';

/** One run with 20,000 lines for all tests of this file. */
let made: Promise<Execution> | undefined;
function longLog(segue: Segue): Promise<Execution> {
  return (made ??= segue.run('shop.orders/long_log'));
}

/** A number as the pages write it: 20,004. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

test('U66 of a long log only the end is loaded, and its first and last line are one key away', async ({
  page,
  segue,
}) => {
  const run = await longLog(segue);
  const { total } = await segue.get<{ total: number }>(`/logs/${run.id}/index`);
  expect(total).toBeGreaterThanOrEqual(20_000);
  let loaded = 0;
  page.on('response', async (answer) => {
    if (/\/(events|logs)\b/.test(new URL(answer.url()).pathname))
      loaded += (await answer.body().catch(() => Buffer.alloc(0))).length;
  });
  await page.goto(segue.address(run, 'logs'));
  const log = page.getByRole('region', { name: 'Log', exact: true });
  await expect(page.getByText(`of ${grouped(total)}`)).toBeVisible();
  await log.focus();
  await page.keyboard.press('Home');
  await expect(log.getByText('entry 1 of the log', { exact: true })).toBeInViewport();
  await expect(page.getByText('lines 1 to 1,000')).toBeVisible();
  await page.keyboard.press('End');
  await expect(log.getByText('entry 20000 of the log', { exact: true })).toBeInViewport();
  await page.getByRole('button', { name: 'Earlier' }).click();
  await expect(log.getByRole('button', { name: `Link to line ${total - 2_000}` })).toBeInViewport();
  await page.getByRole('button', { name: 'Later' }).click();
  await expect(log.getByRole('button', { name: `Link to line ${total - 1_999}` })).toBeInViewport();
  // The whole log has about 5 MB.
  expect(loaded).toBeLessThan(2_500_000);
});

test('U66 the search finds every hit on the server, and each can be gone to', async ({ page, segue }) => {
  const run = await longLog(segue);
  await page.goto(segue.address(run, 'logs'));
  await page.getByLabel('Find in the log').fill('ENTRY 123');
  // 123, 1230 to 1239, and 12300 to 12399.
  await expect(page.getByText('1 of 111')).toBeVisible();
  const log = page.getByRole('region', { name: 'Log', exact: true });
  await expect(log.getByText('entry 123 of the log')).toBeInViewport();
  await page.getByRole('button', { name: 'Previous' }).last().click();
  await expect(log.getByText('entry 12399 of the log')).toBeInViewport();
  await expect(page.getByText('111 of 111')).toBeVisible();
  await page.reload();
  await expect(page.getByText('1 of 111')).toBeVisible();
  await page.getByLabel('Find in the log').fill('no line has this');
  await expect(page.getByText('none', { exact: true })).toBeVisible();
});

test('U70 J11 a link leads to a line far back, also with a level', async ({ page, segue }) => {
  const run = await longLog(segue);
  await page.goto(segue.address(run, 'logs'));
  await page.getByLabel('Go to line').fill('4321');
  await page.getByLabel('Go to line').press('Enter');
  await expect(page).toHaveURL(/#L4321$/);
  const log = page.getByRole('region', { name: 'Log', exact: true });
  await expect(log.getByRole('button', { name: 'Link to line 4321', exact: true })).toBeInViewport();
  await log.getByRole('button', { name: 'Link to line 4323', exact: true }).click({ modifiers: ['Shift'] });
  await expect(page).toHaveURL(/#L4321-4323$/);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(other.locator('.log li.marked')).toHaveCount(3);
  await expect(other.locator('.log li.marked').first()).toBeInViewport();
  await other.close();
  await page.getByLabel('Level').selectOption('ERROR');
  await expect(page.getByText('no line', { exact: false }).first()).toBeVisible();
});

test('U21 a part of the chart of lines becomes the time of the search, and survives reload and Back', async ({
  page,
  segue,
}) => {
  await longLog(segue);
  await segue.run('shop.orders/failing_load');
  const address = `${segue.url}/ui/main/logs?filters[flowId][EQUALS]=failing_load`;
  await page.goto(address);
  const chart = page.getByRole('group', { name: 'Lines over time' });
  const bars = chart.getByRole('button');
  const { total } = await segue.get<{ total: number }>('/logs/search?flowId=failing_load&size=1');
  await expect(page.getByText(`of ${total} lines`)).toBeVisible();
  const counts = async (): Promise<number> => {
    const names = await bars.evaluateAll((all) => all.map((bar) => bar.ariaLabel ?? ''));
    const numbers = names.flatMap((name) => name.match(/[\d,]+ (?=TRACE|DEBUG|INFO|WARN|ERROR)/g) ?? []);
    return numbers.reduce((sum, number) => sum + Number(number.replaceAll(',', '')), 0);
  };
  expect(await counts()).toBe(total);
  expect(await bars.count()).toBeLessThanOrEqual(60);
  const name = /ERROR/;
  const failed = chart.getByRole('button', { name }).first();
  await expect(failed).toBeVisible();
  // By pointer: one bar.
  await failed.click();
  await expect(page).toHaveURL(/startDate%5D%5BGREATER_THAN_OR_EQUAL_TO%5D=.*startDate%5D%5BLESS_THAN%5D=/);
  await expect(page.getByLabel('Time', { exact: true })).toHaveValue('chosen');
  await expect(page.locator('li[data-level=ERROR]').first()).toBeVisible();
  const chosen = page.url();
  await page.reload();
  await expect(page).toHaveURL(chosen);
  await expect(page.locator('li[data-level=ERROR]').first()).toBeVisible();
  await page.goBack();
  await expect(page.getByText(`of ${total} lines`)).toBeVisible();
  // By keys: from the first bar to the last one.
  await bars.first().focus();
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/LESS_THAN/);
  await expect(page.getByText(`of ${total} lines`)).toBeVisible();
  await page.getByLabel('Time', { exact: true }).selectOption('Any time');
  await expect(page).toHaveURL(new RegExp('logs.filters%5BflowId%5D%5BEQUALS%5D=failing_load$'));
  expect(await violations(page)).toEqual([]);
});

test('U23 lines are searched by pattern, by task and by label', async ({ page, segue }) => {
  await segue.run('shop.orders/failing_load');
  await page.goto(`${segue.url}/ui/main/logs`);
  const by = page.getByLabel('Search by');
  const type = async (kind: string, text: string): Promise<void> => {
    await by.selectOption(kind);
    await page.getByRole('searchbox').fill(text);
    await page.getByRole('searchbox').press('Enter');
  };
  await type('Label', 'no label');
  await expect(page.getByRole('list', { name: 'Filters' })).toHaveCount(0);
  await type('Label', 'team=data');
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText('label team is data');
  await type('Pattern', '^[A-Z].*d$');
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText('text matches ^[A-Z].*d$');
  await type('Task', 'no_such_task');
  await expect(page.getByText('No line matches the filters and the time.')).toBeVisible();
  const asked = page.waitForRequest((request) => request.url().includes('/logs/search'));
  await page.getByRole('button', { name: 'Remove the filter task is no_such_task' }).click();
  const sent = new URL((await asked).url()).searchParams;
  expect(sent.get('filters[labels][EQUALS][team]')).toBe('data');
  expect(sent.get('filters[q][REGEX]')).toBe('^[A-Z].*d$');
});
