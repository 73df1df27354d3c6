// The jobs that people come for: how many clicks each takes, and whether it is done by keyboard alone.
import type { Locator, Page } from '@playwright/test';
import { expect, test, type Segue } from './segue';

/** Counts presses of the mouse, over all pages of the tab. */
async function counter(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    addEventListener(
      'pointerdown',
      ({ isTrusted }) => {
        const known = Number(sessionStorage.getItem('presses') ?? 0);
        if (isTrusted) sessionStorage.setItem('presses', String(known + 1));
      },
      { capture: true },
    );
  });
  return () => page.evaluate(() => Number(sessionStorage.getItem('presses') ?? 0));
}

/** Goes to an element by Tab, as somebody without a mouse does. */
async function reach(page: Page, wanted: Locator): Promise<void> {
  await expect(wanted).toBeVisible();
  for (let step = 0; step < 250; step += 1) {
    if (await wanted.evaluate((element) => element.matches(':focus, :focus-within'))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not reach it');
}

/** The form of a run comes after its dialog. */
function formIsThere(page: Page): Promise<void> {
  return expect(page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
}

async function press(page: Page, wanted: Locator): Promise<void> {
  await reach(page, wanted);
  await page.keyboard.press('Enter');
}

const flow = (id: string, more = '') => `id: ${id}
namespace: clicks
${more}tasks:
  - id: greet
    type: io.kestra.plugin.core.log.Log
    message: hello
`;
const monthly = (id: string) =>
  `${flow(id)}triggers:
  - id: monthly
    type: io.kestra.plugin.core.trigger.Schedule
    cron: 0 6 1 * *
    disabled: true
`;
const broken = (id: string) => `id: ${id}
namespace: clicks
tasks:
  - id: gives
    type: io.kestra.plugin.core.debug.Return
    format: "9007199254740993"
  - id: breaks
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: the source is empty
`;
/** A schedule with two months that fail. */
const holes = (id: string) =>
  monthly(id).replace(
    'tasks:\n',
    `tasks:
  - id: check
    type: io.kestra.plugin.core.flow.If
    condition: "{{ '2025-02 2025-04' contains (trigger.date | date('yyyy-MM')) }}"
    then:
      - id: breaks
        type: io.kestra.plugin.core.execution.Fail
`,
  );
/** Saves such a flow, and runs five of its months. */
async function filled(segue: Segue, id: string): Promise<void> {
  await segue.save(holes(id));
  const range = { start: '2025-01-01', end: '2025-05-31' };
  const body = JSON.stringify({ namespace: 'clicks', flowId: id, ...range, mode: 'ALL' });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${segue.url}/api/v1/main/backfills`, { method: 'POST', headers, body });
  expect(answer.ok, await answer.clone().text()).toBe(true);
  const { id: made } = (await answer.json()) as { id: string };
  await expect
    .poll(async () => (await segue.get<{ state: string }>(`/backfills/${made}`)).state, { timeout: 30_000 })
    .toBe('FINISHED');
}

const file = (id: string) => ({
  name: `${id}.yaml`,
  mimeType: 'application/x-yaml',
  buffer: Buffer.from(flow(id)),
});

const edit = (segue: Segue, id: string, tab: string) => `${segue.url}/ui/main/flows/edit/clicks/${id}/${tab}`;
const failed = (segue: Segue) =>
  `${segue.url}/ui/main/executions?filters[state][IN]=FAILED&filters[namespace][EQUALS]=clicks`;
const done = (page: Page) => expect(page.getByText('SUCCESS', { exact: true }).first()).toBeVisible();

test('U26 J1 to J4: import, change and run, run, and the reason of a failure, by mouse', async ({
  page,
  segue,
}) => {
  const presses = await counter(page);
  let before = 0;
  const took = async (most: number, job: string) => {
    const now = await presses();
    console.log(`figure | ${job} | ${now - before} clicks | goal ${most}`);
    expect(now - before, job).toBeLessThanOrEqual(most);
    before = now;
  };
  await page.goto(`${segue.url}/ui/`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Import' }).click();
  await (await chooser).setFiles(['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map(file));
  await page.getByRole('button', { name: 'Import 6 flows' }).click();
  await expect(page.getByText('Saved 6 flows')).toBeVisible();
  await took(2, 'J1');

  await page.goto(edit(segue, 'c1', 'overview'));
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  const editor = page.getByRole('textbox', { name: 'Source of the flow' });
  await expect(editor).toContainText('id: c1');
  await editor.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(flow('c1', 'description: changed\n'));
  await page.getByRole('button', { name: 'Save & run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await done(page);
  await took(3, 'J2');

  await page.goto(`${segue.url}/ui/main/flows?filters[namespace][EQUALS]=clicks`);
  await page.getByRole('link', { name: 'Run c2' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await done(page);
  await took(2, 'J3');

  await segue.save(broken('breaks_by_mouse'));
  const run = await segue.run('clicks/breaks_by_mouse');
  await page.goto(failed(segue));
  await page.getByRole('link', { name: run.id.slice(0, 8) }).click();
  const card = page.getByRole('region', { name: 'Why it failed' });
  await expect(card).toContainText('the source is empty');
  await expect(card.getByRole('link', { name: /^Open the log at line/ })).toBeVisible();
  await took(1, 'J4');

  await page.getByRole('button', { name: 'Restart…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await expect(page.getByRole('treeitem', { name: /^breaks .*2\s?attempts/ })).toBeVisible();
  await took(2, 'J5');
});

test('U26 J6 to J12: backfills, exact values, keys, finding, a long log, and whether all is well, by mouse', async ({
  page,
  segue,
}) => {
  const presses = await counter(page);
  let before = 0;
  const took = async (most: number, job: string) => {
    const now = await presses();
    console.log(`figure | ${job} | ${now - before} clicks | goal ${most}`);
    expect(now - before, job).toBeLessThanOrEqual(most);
    before = now;
  };
  await segue.save(monthly('fills'));
  await page.goto(edit(segue, 'fills', 'overview'));
  await page.getByRole('link', { name: 'Backfills' }).click();
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  await panel.getByLabel('From').fill('2022-01-01');
  await panel.getByLabel('To').fill('2022-03-31');
  await panel.getByLabel('To').press('Tab');
  await panel.getByRole('button', { name: 'Start 3 runs' }).click();
  await expect(page.locator('[data-state=SUCCESS]')).toHaveCount(3);
  await took(4, 'J6');

  await filled(segue, 'holes_by_mouse');
  await page.goto(edit(segue, 'holes_by_mouse', 'backfills'));
  await page.getByRole('button', { name: /^Failed \(2\)/ }).click();
  await panel.getByRole('button', { name: 'Start 2 runs' }).click();
  await expect(page.getByText('2 of 2')).toBeVisible();
  await took(2, 'J7');

  await segue.save(broken('gives_values'));
  const run = await segue.run('clicks/gives_values?labels=source:vienna-08.csv');
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('link', { name: 'Outputs' }).click();
  await expect(page.getByText('9007199254740993').first()).toBeVisible();
  await took(1, 'J8');

  await page.getByRole('link', { name: 'KV store' }).click();
  await page.getByRole('button', { name: 'New key' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await dialog.getByLabel('Namespace').fill('clicks');
  await dialog.getByLabel('Key', { exact: true }).fill('GCP_CREDS');
  await dialog.getByLabel('Value', { exact: true }).fill('{"type": "service_account"}');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('GCP_CREDS is saved as JSON.')).toBeVisible();
  await took(3, 'J9');

  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Palette' });
  await palette.getByRole('combobox').fill('source=vienna-08.csv');
  await page.getByRole('option').filter({ hasText: run.id }).first().click();
  await expect(page).toHaveURL(new RegExp(run.id));
  await took(1, 'J10');

  const long = await segue.run('shop.orders/long_log');
  await page.goto(segue.address(long, 'gantt'));
  await page.getByRole('link', { name: 'Logs', exact: true }).last().click();
  await page.getByRole('searchbox', { name: 'Find in the log' }).focus();
  await page.keyboard.insertText('entry 15000');
  await expect(page.getByText('1 of 1', { exact: true })).toBeVisible();
  await page
    .locator('li.hit, li')
    .filter({ hasText: 'entry 15000 of the log' })
    .getByRole('button')
    .first()
    .click();
  await expect(page).toHaveURL(/#L\d+$/);
  await took(2, 'J11');

  await page.getByRole('link', { name: 'Health' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await took(1, 'J12 without the cost, which has no page');
});

test('U26 J1 to J5 by keyboard alone', async ({ page, segue }) => {
  const presses = await counter(page);
  await page.goto(`${segue.url}/ui/`);
  const chooser = page.waitForEvent('filechooser');
  await press(page, page.getByRole('button', { name: 'Import' }));
  await (await chooser).setFiles(['k1', 'k2'].map(file));
  await press(page, page.getByRole('button', { name: 'Import 2 flows' }));
  await expect(page.getByText('Saved 2 flows')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.goto(edit(segue, 'k1', 'overview'));
  await press(page, page.getByRole('link', { name: 'Edit', exact: true }));
  const editor = page.getByRole('textbox', { name: 'Source of the flow' });
  await expect(editor).toContainText('id: k1');
  await reach(page, editor);
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(flow('k1', 'description: by keys\n'));
  await page.keyboard.press('Control+Enter');
  await formIsThere(page);
  await page.keyboard.press('Control+Enter');
  await done(page);

  await page.goto(`${segue.url}/ui/main/flows?filters[namespace][EQUALS]=clicks`);
  await press(page, page.getByRole('link', { name: 'Run k2' }));
  await formIsThere(page);
  await page.keyboard.press('Control+Enter');
  await done(page);

  await segue.save(broken('breaks_by_keys'));
  const run = await segue.run('clicks/breaks_by_keys');
  await page.goto(failed(segue));
  await press(page, page.getByRole('link', { name: run.id.slice(0, 8) }));
  await expect(page.getByRole('region', { name: 'Why it failed' })).toContainText('the source is empty');

  await press(page, page.getByRole('button', { name: 'Restart…' }));
  await press(page, page.getByRole('dialog').getByRole('button', { name: 'Restart' }));
  await expect(page.getByRole('treeitem', { name: /^breaks .*2\s?attempts/ })).toBeVisible();
  expect(await presses()).toBe(0);
});

test('U26 J6 to J8 by keyboard alone', async ({ page, segue }) => {
  const presses = await counter(page);
  await segue.save(monthly('fills_by_keys'));
  await page.goto(edit(segue, 'fills_by_keys', 'overview'));
  await press(page, page.getByRole('link', { name: 'Backfills' }));
  const panel = page.getByRole('region', { name: 'Start a backfill' });
  for (const [name, date] of [
    ['From', '2022-01-01'],
    ['To', '2022-03-31'],
  ] as const) {
    await reach(page, panel.getByLabel(name));
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(date);
    await page.keyboard.press('Tab');
  }
  await press(page, panel.getByRole('button', { name: 'Start 3 runs' }));
  await expect(page.locator('[data-state=SUCCESS]')).toHaveCount(3);

  await filled(segue, 'holes_by_keys');
  await page.goto(edit(segue, 'holes_by_keys', 'backfills'));
  await press(page, page.getByRole('button', { name: /^Failed \(2\)/ }));
  await press(page, panel.getByRole('button', { name: 'Start 2 runs' }));
  await expect(page.getByText('2 of 2')).toBeVisible();

  await segue.save(broken('gives_by_keys'));
  const run = await segue.run('clicks/gives_by_keys');
  await page.goto(segue.address(run, 'gantt'));
  await press(page, page.getByRole('link', { name: 'Outputs' }));
  await expect(page.getByText('9007199254740993').first()).toBeVisible();
  expect(await presses()).toBe(0);
});
