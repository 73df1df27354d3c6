// A log that is too long for the page: parts by their numbers, search on the server, links to lines.
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
