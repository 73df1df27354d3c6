// The calendar of the fire times of a schedule, and backfills of a part of them.
import { execFileSync } from 'node:child_process';
import type { Locator, Page } from '@playwright/test';
import { expect, Segue, test } from './segue';

interface Backfill {
  id: string;
  state: string;
  mode: string;
  total: number;
  start: string;
  end: string;
  ended: Record<string, number>;
}
interface Found {
  results: {
    id: string;
    state: { current: string; startDate: string; endDate: string };
    trigger?: { variables: { date: string } };
  }[];
}

/** A monthly flow. It fails for the months in `failing`. */
function monthly(id: string, failing = 'none'): string {
  return `id: ${id}
namespace: shop.backfill
inputs:
  - id: taxi
    type: STRING
    defaults: yellow
tasks:
  - id: check
    type: io.kestra.plugin.core.flow.If
    condition: "{{ '${failing}' contains (trigger.date | date('yyyy-MM')) }}"
    then:
      - id: fail
        type: io.kestra.plugin.core.execution.Fail
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: "{{ inputs.taxi }} {{ trigger.date }}"
triggers:
  - id: first_of_month
    type: io.kestra.plugin.core.trigger.Schedule
    cron: 0 9 1 * *
    disabled: true
`;
}

async function open(page: Page, segue: Segue, id: string, query = ''): Promise<Locator> {
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.backfill/${id}/backfills${query}`);
  const calendar = page.getByRole('grid', { name: 'Fire times' });
  await expect(calendar).toBeVisible();
  return calendar;
}

function backfills(segue: Segue, id: string): Promise<{ results: Backfill[] }> {
  return segue.get(`/backfills?namespace=shop.backfill&flowId=${id}`);
}

/** Starts a backfill over the API, and waits until it has ended. */
async function filled(segue: Segue, id: string, start: string, end: string): Promise<void> {
  const body = JSON.stringify({ namespace: 'shop.backfill', flowId: id, start, end, mode: 'ALL' });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${segue.url}/api/v1/main/backfills`, { method: 'POST', headers, body });
  expect(answer.ok, await answer.clone().text()).toBe(true);
  const { id: made } = (await answer.json()) as Backfill;
  await expect.poll(async () => (await segue.get<Backfill>(`/backfills/${made}`)).state).toBe('FINISHED');
}

const hatched = '[data-run]';

test('U81 J6 seven months are hatched, said and run in their order, one at a time', async ({
  page,
  segue,
}) => {
  await segue.save(monthly('taxi'));
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.backfill/taxi/overview`);
  // Four acts: the tab, two dates, the button. The mode is the first one.
  await page.getByRole('link', { name: 'Backfills' }).click();
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  await panel.getByLabel('From').fill('2021-01-01');
  await panel.getByLabel('To').fill('2021-07-31');
  await panel.getByLabel('To').press('Tab');
  await expect(panel.getByRole('status')).toHaveText('2021-01-01 to 2021-07-31, both included: 7 fire times');
  const calendar = page.getByRole('grid', { name: 'Fire times' });
  await expect(calendar.locator(hatched)).toHaveCount(7);
  await expect(
    calendar.getByRole('button', { name: '2021-01-01 09:00, nothing has run, would run' }),
  ).toBeVisible();
  await panel.getByRole('button', { name: 'Start 7 runs' }).click();
  await expect
    .poll(async () => (await backfills(segue, 'taxi')).results[0]?.state, { timeout: 30_000 })
    .toBe('FINISHED');
  const { results } = await segue.get<Found>(
    '/executions/search?size=50&sort=state.startDate:asc&filters[namespace][EQUALS]=shop.backfill&filters[flowId][EQUALS]=taxi',
  );
  const dates = results.map(({ trigger }) => trigger?.variables.date.slice(0, 10));
  expect(dates).toEqual([1, 2, 3, 4, 5, 6, 7].map((month) => `2021-0${month}-01`));
  results.slice(1).forEach(({ state }, at) => {
    expect(Date.parse(state.startDate)).toBeGreaterThanOrEqual(Date.parse(results[at]?.state.endDate ?? ''));
  });
  // The page sees it too, without a click.
  await expect(calendar.locator('[data-state=SUCCESS]')).toHaveCount(7);
  await expect(calendar.locator(hatched)).toHaveCount(0);
  await expect(panel.getByText('No fire time of this range is missing.')).toBeVisible();
});

test('U81 two years of @monthly are 24 fire times', async ({ page, segue }) => {
  await segue.save(monthly('two_years').replace('0 9 1 * *', '"@monthly"'));
  await open(page, segue, 'two_years', '?start=2023-01-01&end=2024-12-31&mode=ALL');
  await expect(page.getByRole('button', { name: 'Start 24 runs' })).toBeEnabled();
});

test('U82 J7 what is missing or failed is chosen with one click, and equals the preview', async ({
  page,
  segue,
}) => {
  await segue.save(monthly('holes', '2025-02 2025-04'));
  await filled(segue, 'holes', '2025-01-01', '2025-05-31');
  const calendar = await open(page, segue, 'holes');
  await expect(calendar.locator('[data-state=FAILED]')).toHaveCount(2);
  await expect(calendar.locator('[data-state=SUCCESS]')).toHaveCount(3);
  const preview = async (
    mode: string,
  ): Promise<{ total: number; slots: { date: string; run: boolean }[] }> => {
    const url = new URL(page.url());
    const body = JSON.stringify({
      ...{ namespace: 'shop.backfill', flowId: 'holes', triggerId: 'first_of_month', mode },
      ...{ start: url.searchParams.get('start'), end: url.searchParams.get('end') },
    });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${segue.url}/api/v1/main/backfills/preview`, {
      method: 'POST',
      headers,
      body,
    });
    return (await answer.json()) as { total: number; slots: { date: string; run: boolean }[] };
  };
  await page.getByRole('button', { name: /^Failed \(2\)/ }).click();
  await expect(page).toHaveURL(/start=2025-02-01&end=2025-04-30|start=2025-02-01&end=2025-04-01/);
  await expect(calendar.locator(hatched)).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Start 2 runs' })).toBeEnabled();
  expect((await preview('FAILED')).total).toBe(2);
  await page.getByRole('button', { name: /^Missing/ }).click();
  const missing = await preview('MISSING');
  await expect(page.getByRole('button', { name: `Start ${missing.total} runs` })).toBeEnabled();
  await expect(calendar.locator(hatched)).toHaveCount(missing.total);
  await expect(calendar.locator('[data-state]' + hatched)).toHaveCount(0);
  // Two clicks from here run the failed ones again.
  await page.getByRole('button', { name: /^Failed \(2\)/ }).click();
  await page.getByRole('button', { name: 'Start 2 runs' }).click();
  await expect(page.getByText('2 of 2')).toBeVisible();
});

test('U83 drag, Shift with arrows, a row and two dates choose the same', async ({ page, segue }) => {
  await segue.save(monthly('chosen'));
  const calendar = await open(page, segue, 'chosen');
  const cell = (name: string): Locator => calendar.getByRole('button', { name: new RegExp(`^${name}`) });
  const address = (): string => new URL(page.url()).search;
  await cell('2025-01-01').hover();
  await page.mouse.down();
  await cell('2025-06-01').hover();
  await cell('2025-12-01').hover();
  await page.mouse.up();
  await expect(page.getByRole('button', { name: 'Start 12 runs' })).toBeVisible();
  await expect(calendar.getByRole('gridcell', { selected: true })).toHaveCount(12);
  const dragged = address();
  await cell('2025-01-01').click();
  await expect(page.getByRole('button', { name: 'Start 1 run', exact: true })).toBeVisible();
  await cell('2025-01-01').focus();
  for (let at = 0; at < 11; at++) await page.keyboard.press('Shift+ArrowRight');
  await expect(page.getByRole('button', { name: 'Start 12 runs' })).toBeVisible();
  expect(address()).toBe(dragged);
  await cell('2025-03-01').click();
  await calendar.getByRole('button', { name: 'Choose 2025' }).click();
  await expect(page.getByRole('button', { name: 'Start 12 runs' })).toBeVisible();
  expect(address()).toBe(dragged);
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  await cell('2025-03-01').click();
  await panel.getByLabel('From').fill('2025-01-01');
  await panel.getByLabel('To').fill('2025-12-31');
  await panel.getByLabel('To').press('Tab');
  await expect(calendar.getByRole('gridcell', { selected: true })).toHaveCount(12);
});

test('U84 pause, resume and cancel are in the page and the API, also after a reload', async ({
  page,
  segue,
}) => {
  const slow = monthly('slow').replace(
    '  - id: say\n',
    '  - id: nap\n    type: io.kestra.plugin.core.flow.Sleep\n    duration: PT0.4S\n  - id: say\n',
  );
  await segue.save(slow);
  await open(page, segue, 'slow', '?start=2020-01-01&end=2020-12-31&mode=ALL');
  await page.getByRole('button', { name: 'Start 12 runs' }).click();
  const row = page.getByRole('region', { name: 'Backfills of the flow' }).getByRole('row').nth(1);
  await row.getByRole('button', { name: 'Pause' }).click();
  await expect(row).toContainText('PAUSED');
  await page.reload();
  await expect(row).toContainText('PAUSED');
  const state = async (): Promise<string | undefined> => (await backfills(segue, 'slow')).results[0]?.state;
  expect(await state()).toBe('PAUSED');
  await row.getByRole('button', { name: 'Resume' }).click();
  await expect(row).toContainText('RUNNING');
  await row.getByRole('button', { name: 'Cancel' }).click();
  await expect(row).toContainText('CANCELLED');
  expect(await state()).toBe('CANCELLED');
  const done = (await backfills(segue, 'slow')).results[0]?.ended['SUCCESS'] ?? 0;
  await expect(page.getByRole('grid', { name: 'Fire times' }).locator('[data-state=SUCCESS]')).toHaveCount(
    done,
  );
  // Another one next to it, with an input and a label.
  await page.goto(
    `${segue.url}/ui/main/flows/edit/shop.backfill/slow/backfills?start=2019-11-01&end=2019-12-31`,
  );
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  await panel.getByText('Inputs', { exact: true }).click();
  await panel.getByLabel('taxi').fill('green');
  await panel.getByText('Labels', { exact: true }).click();
  await panel.getByLabel(/key=value/).fill('why=test');
  await panel.getByRole('button', { name: 'Start 2 runs' }).click();
  await expect(page.getByText('2 of 2')).toBeVisible();
  const { results } = await segue.get<{ results: { inputs: { taxi: string } }[] }>(
    '/executions/search?filters[labels][EQUALS][why]=test&filters[labels][EQUALS][backfill]=true',
  );
  expect(results.map(({ inputs }) => inputs.taxi)).toEqual(['green', 'green']);
});

test('U8 the copied command is the same backfill', async ({ page, segue }) => {
  await segue.save(monthly('copied'));
  await open(page, segue, 'copied', '?start=2023-01-01&end=2024-12-01&mode=ALL');
  await expect(page.getByRole('button', { name: 'Start 24 runs' })).toBeVisible();
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  await panel.getByText('Inputs', { exact: true }).click();
  await panel.getByLabel('taxi').fill(`gr'een "$x"`);
  await panel.getByText('Copy as a command').click();
  const command = panel.getByLabel('Command', { exact: true });
  await expect(command).toContainText('curl -X POST');
  const copied = (await command.textContent()) ?? '';
  const started = JSON.parse(execFileSync('sh', ['-c', `${copied} -s`], { encoding: 'utf8' })) as Backfill & {
    inputs: { taxi: string };
  };
  expect(started).toMatchObject({ mode: 'ALL', total: 24, inputs: { taxi: `gr'een "$x"` } });
  await segue.get(`/backfills/${started.id}`);
  await panel.getByLabel('Command line').check();
  await expect(command).toContainText('segue backfill start shop.backfill.copied');
});

test('U85 a hundred thousand fire times are months within a second, and open to their hours', async ({
  page,
  segue,
}) => {
  await segue.save(
    monthly('hours').replace('cron: 0 9 1 * *', 'cron: 0 * * * *').replace('first_of_month', 'hourly'),
  );
  await open(page, segue, 'hours');
  const year = 365 * 24 * 3_600_000;
  const start = new Date(Date.now() - 11.4 * year).toISOString().slice(0, 10);
  const began = Date.now();
  const calendar = await open(page, segue, 'hours', `?start=${start}&mode=ALL`);
  const status = page.getByRole('region', { name: 'Start a backfill' }).getByRole('status');
  await expect(status).toContainText(/99,\d{3}\s+fire times/);
  await expect(calendar.locator(hatched).first()).toBeVisible();
  const took = Date.now() - began;
  test.info().annotations.push({ type: 'figure', description: `100,000 fire times: ${took} ms` });
  console.log(`figure: calendar of 100,000 fire times ${took} ms`);
  const years = new Date(Date.now()).toISOString().slice(0, 4);
  await expect(calendar.getByRole('row')).toHaveCount(Number(years) - Number(start.slice(0, 4)) + 2);
  // A month of the middle has a cell with all its hours.
  await calendar.locator('[data-place="5-2"]').hover();
  const details = page.getByRole('list', { name: 'Fire times of the cell' });
  await expect(details).toContainText('744 fire times');
  await details.getByRole('button', { name: 'Show its fire times' }).click();
  await expect(page).toHaveURL(/within=/);
  await expect(calendar.locator('[data-place]')).toHaveCount(744);
  await page.getByRole('button', { name: 'Show all fire times' }).click();
  await expect(calendar.locator('[data-place]')).not.toHaveCount(744);
});

test('U86 a message that asks for something impossible is shown as refused, with the reason', async ({
  page,
  segue: other,
}) => {
  const segue = new Segue();
  const body = { namespace: 'shop.backfill', flowId: 'no_such_flow', start: '2024-01-01', end: '2024-02-01' };
  await segue.fixture(['--backfill', JSON.stringify(body)]);
  await segue.start();
  other.relays.add(new URL(segue.url).origin);
  try {
    const list = () => segue.get<{ results: Backfill[] }>('/backfills');
    await expect.poll(async () => (await list()).results.map(({ state }) => state)).toEqual(['REFUSED']);
    await segue.save(monthly('no_such_flow'));
    await page.goto(`${segue.url}/ui/main/flows/edit/shop.backfill/no_such_flow/backfills`);
    const row = page
      .getByRole('region', { name: 'Backfills of the flow' })
      .getByRole('row', { name: /REFUSED/ });
    await expect(row).toContainText('no_such_flow');
    await expect(row.getByRole('button')).toHaveCount(0);
  } finally {
    await segue.end();
  }
});
