// Live changes: one stream for all tabs, cuts, and rest.
import { Relay } from './relay';
import { type Execution, expect, test as base } from './segue';

const test = base.extend<{ relay: Relay }>({
  relay: async ({ segue }, use) => {
    const relay = new Relay(segue.url);
    await relay.start();
    segue.relays.add(relay.url);
    await use(relay);
    await relay.end();
  },
});

test('U31 ten tabs of ten running executions are live over one stream, and an eleventh loads at once', async ({
  context,
  relay,
  segue,
}) => {
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => segue.run('shop.orders/waits_for_a_person', {}, false)),
  );
  const tabs = [];
  for (const run of runs) {
    const tab = await context.newPage();
    await tab.goto(segue.address(run, 'gantt').replace(segue.url, relay.url));
    await expect(tab.getByText('PAUSED', { exact: true }).first()).toBeVisible();
    tabs.push(tab);
  }
  for (const tab of tabs) await expect(tab.locator('[data-status=live]')).toBeVisible();
  expect(relay.open).toBe(1);
  const last = await context.newPage();
  await last.goto(`${relay.url}/ui/main/flows`);
  await expect(last.getByRole('link', { name: 'nightly_load', exact: true })).toBeVisible();
  for (const { id } of runs) await segue.resume(id);
  for (const tab of tabs) await expect(tab.getByText('SUCCESS', { exact: true }).first()).toBeVisible();
  await expect.poll(() => relay.open).toBe(0);
});

test('U33 a stream that is cut again and again ends in the state of the API, with each line once', async ({
  page,
  relay,
  segue,
}) => {
  const { run, gate } = await segue.hold('shop.orders/slow_log');
  await page.goto(segue.address(run, 'logs').replace(segue.url, relay.url));
  await expect(page.getByText('line number 2', { exact: true })).toBeVisible();
  const cutting = setInterval(() => relay.cut(), 700);
  await expect.poll(() => relay.opened, { timeout: 40_000 }).toBeGreaterThan(4);
  gate.open();
  await expect(page.locator('[data-status=ended]')).toBeVisible({ timeout: 40_000 });
  clearInterval(cutting);
  const stored = await segue.get<{ message: string }[]>(`/logs/${run.id}`);
  expect(await page.locator('li .text').allInnerTexts()).toEqual(stored.map(({ message }) => message));
  await expect(page.getByText('SUCCESS', { exact: true }).first()).toBeVisible();
});

test('U34 a tab that nobody touches for ten minutes holds no stream, until a key is pressed', async ({
  page,
  relay,
  segue,
}) => {
  await page.clock.install();
  const run = await segue.run('shop.orders/waits_for_a_person', {}, false);
  await page.goto(segue.address(run, 'gantt').replace(segue.url, relay.url));
  await expect(page.locator('[data-status=live]')).toBeVisible();
  await page.clock.runFor('10:30');
  await expect(page.locator('[data-status=paused]')).toBeVisible();
  await expect.poll(() => relay.open).toBe(0);
  await segue.resume(run.id);
  await page.keyboard.press('Shift');
  await expect(page.getByText('SUCCESS', { exact: true }).first()).toBeVisible();
});

test('the page of an execution that has ended asks for nothing in an hour, and that of a running one has one stream', async ({
  page,
  relay,
  segue,
}) => {
  await page.clock.install();
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(request.url()));
  /** Waits until a while has no request. */
  const quiet = async (): Promise<void> => {
    let before = -1;
    const isSame = () => before === (before = asked.length);
    await expect.poll(isSame, { intervals: [1_000] }).toBe(true);
  };
  const address = (id: string, tab: string) =>
    segue.address({ id, namespace: 'shop.orders', flowId: 'waits_for_a_person' } as Execution, tab);
  const done = await segue.run('shop.orders/nightly_load');
  for (const tab of ['gantt', 'logs', 'overview', 'topology', 'outputs']) {
    await page.goto(segue.address(done, tab).replace(segue.url, relay.url));
    await expect(page.locator('[data-status=ended]')).toBeVisible();
    await quiet();
    asked.length = 0;
    await page.clock.runFor('01:00:00');
    await page.mouse.move(20, 20);
    await page.keyboard.press('Shift');
    await quiet();
    expect(asked, tab).toEqual([]);
    await expect.poll(() => relay.open).toBe(0);
  }
  const run = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  await page.goto(address(run.id, 'logs').replace(segue.url, relay.url));
  await expect(page.locator('[data-status=live]')).toBeVisible();
  await quiet();
  asked.length = 0;
  const opened = relay.opened;
  // Somebody uses the page all the time, so it follows for the whole hour.
  for (let minute = 0; minute < 60; minute += 5) {
    await page.keyboard.press('Shift');
    await page.clock.runFor('05:00');
  }
  await quiet();
  expect(asked).toEqual([]);
  expect(relay.opened).toBe(opened);
  await segue.resume(run.id);
});
