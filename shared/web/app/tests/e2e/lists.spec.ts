// Lists: where somebody comes back to, and dates in the zone that somebody chose.
import { expect, test } from './segue';

const FAILING = `id: fails
namespace: shop.many
tasks:
  - id: fail
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: no rows
`;

test('U22 a filtered list is where it was after Back: filter, scroll and the row', async ({
  page,
  segue,
}) => {
  await segue.save(FAILING);
  await Promise.all(Array.from({ length: 60 }, () => segue.run('shop.many/fails')));
  const query = 'filters[state][IN]=FAILED&filters[flowId][EQUALS]=fails';
  await page.goto(`${segue.url}/ui/main/executions?${query}`);
  const row = page.getByRole('row').nth(45);
  const link = row.getByRole('link').first();
  await link.scrollIntoViewIfNeeded();
  const id = await link.innerText();
  const y = await page.evaluate(() => scrollY);
  expect(y).toBeGreaterThan(300);
  await link.click();
  await expect(page).toHaveURL(/\/executions\/shop\.many\/fails\//);
  expect(await page.evaluate(() => scrollY)).toBe(0);
  // The rows come later than the page.
  await page.route('**/executions/search?*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  await page.goBack();
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText('FAILED');
  await expect(page.getByRole('link', { name: id, exact: true })).toBeFocused();
  expect(await page.evaluate(() => scrollY)).toBe(y);
  await page.reload();
  await expect(page.getByRole('row').nth(45)).toBeInViewport();
});

test.describe('in Kolkata', () => {
  test.use({ timezoneId: 'Asia/Kolkata' });

  test('U27 list, chart, log, overview and calendar are in the zone that somebody chose', async ({
    page,
    segue,
  }) => {
    const run = await segue.run('shop.orders/nightly_load');
    const start = new Date(run.state.startDate);
    const there = (timeZone: string) =>
      new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(start);
    const list = `${segue.url}/ui/main/executions?filters[flowId][EQUALS]=nightly_load`;
    await page.goto(list);
    const when = page
      .getByRole('row')
      .filter({ hasText: run.id.slice(0, 8) })
      .locator('time')
      .first();
    await expect(when).toHaveText(there('Asia/Kolkata'));
    await page.getByLabel('Zone').selectOption('America/Los_Angeles');
    await expect(when).toHaveText(there('America/Los_Angeles'));
    await expect(when).toHaveAttribute('title', run.state.startDate);
    await page.goto(segue.address(run, 'logs'));
    const line = page.getByRole('region', { name: 'Log', exact: true }).locator('time').first();
    const written = new Date((await line.getAttribute('datetime')) ?? '');
    const style = { timeStyle: 'medium', timeZone: 'America/Los_Angeles' } as const;
    await expect(line).toContainText(new Intl.DateTimeFormat('en-GB', style).format(written));
    await page.goto(segue.address(run, 'overview'));
    await expect(page.locator(`time[datetime="${run.state.startDate}"]`).first()).toHaveText(
      there('America/Los_Angeles'),
    );
    const asked = page.waitForRequest((request) => request.url().includes('/stats/executions'));
    await page.goto(`${segue.url}/ui/main/dashboards`);
    expect(new URL((await asked).url()).searchParams.get('timezone')).toBe('America/Los_Angeles');
    // A schedule has a zone of its own, which the calendar names.
    await page.goto(`${segue.url}/ui/main/flows/edit/shop.reports/monthly/backfills`);
    await expect(page.locator('main').getByText('UTC', { exact: true }).first()).toBeVisible();
    await page.reload();
    await expect(page.getByLabel('Zone')).toHaveValue('America/Los_Angeles');
    // The first zone is the browser's own.
    await page.getByLabel('Zone').selectOption({ index: 0 });
    expect(await page.evaluate(() => localStorage.getItem('zone'))).toBeNull();
  });
});
