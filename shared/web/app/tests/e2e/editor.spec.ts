// The editor of a flow: problems, completion, saving, revisions.
import type { Locator, Page } from '@playwright/test';
import { expect, test, type Segue } from './segue';

interface Flow {
  revision: number;
  source: string;
}

/** A flow of its own for each test. */
function source(id: string, message = 'hello'): string {
  return `id: ${id}
namespace: shop.edit
inputs:
  - id: city
    type: STRING
    defaults: Lisbon
variables:
  greeting: good day
tasks:
  - id: extract
    type: io.kestra.plugin.core.debug.Return
    format: "rows of {{ inputs.city }}"
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: ${message}
`;
}

function saved(segue: Segue, id: string): Promise<Flow> {
  return segue.get<Flow>(`/flows/shop.edit/${id}?source=true`);
}

async function open(page: Page, segue: Segue, id: string, tab = 'edit'): Promise<Locator> {
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.edit/${id}/${tab}`);
  const editor = page.getByRole('textbox', { name: 'Source of the flow' });
  if (tab === 'edit') await expect(editor).toContainText(`id: ${id}`);
  return editor;
}

/** Puts a text in place of the whole source, as a paste does. */
async function write(page: Page, editor: Locator, text: string): Promise<void> {
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

/** Puts the cursor at the end of the source. */
async function toEnd(page: Page, editor: Locator): Promise<void> {
  await editor.click();
  await page.keyboard.press('Control+End');
}

test('U39 a misspelt type is marked at its place, once, and no longer when it is right', async ({
  page,
  segue,
}) => {
  await segue.save(source('marked'));
  const editor = await open(page, segue, 'marked');
  await expect(page.getByText('No problems')).toBeVisible();
  await page.evaluate(() => {
    const host = document.querySelector('.editor');
    const times = window as unknown as { wrong: number; marked: number };
    const seen = (): void => {
      if (!times.marked && host?.shadowRoot?.querySelector('.cm-lintRange-error'))
        times.marked = performance.now();
    };
    if (host?.shadowRoot)
      new MutationObserver(seen).observe(host.shadowRoot, { childList: true, subtree: true });
    times.wrong = performance.now();
  });
  await write(page, editor, source('marked').replace('log.Log', 'log.Lag'));
  await page.evaluate(() => ((window as unknown as { wrong: number }).wrong = performance.now()));
  await expect(page.locator('.cm-lintRange-error')).toHaveText('io.kestra.plugin.core.log.Lag');
  const took = await page.evaluate(() => {
    const { wrong, marked } = window as unknown as { wrong: number; marked: number };
    return marked - wrong;
  });
  console.log(`figure: from the change to the mark ${took} ms, goal 600`);
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems.getByRole('listitem')).toHaveCount(1);
  await expect(problems).toContainText('line 14, column 11');
  await expect(problems).toContainText('io.kestra.plugin.core.log.Log');
  await expect(problems.locator('code')).toHaveText(/^SEG\d{4}$/);
  await problems.getByRole('button').click();
  await expect(editor).toBeFocused();
  await write(page, editor, source('marked'));
  await expect(page.getByText('No problems')).toBeVisible();
  await expect(page.locator('.cm-lintRange-error')).toHaveCount(0);
});

test('U40 types are completed by any part of their name, also after a mistake', async ({ page, segue }) => {
  await segue.save(source('typed'));
  const editor = await open(page, segue, 'typed');
  await toEnd(page, editor);
  const options = page.locator('.cm-tooltip-autocomplete').getByRole('option');
  await page.keyboard.type('  - id: count\n');
  await page.keyboard.type('type: bq que');
  await expect(options.first()).toContainText('io.kestra.plugin.gcp.bigquery.Query');
  // Wrong letters, deleted, and typed again.
  await page.keyboard.type('xyz');
  await expect(options).toHaveCount(0);
  for (let at = 0; at < 'bq quexyz'.length; at++) await page.keyboard.press('Backspace');
  await page.keyboard.type('bigquery q');
  await expect(options.first()).toContainText('io.kestra.plugin.gcp.bigquery.Query');
  await options.first().click();
  await expect(editor).toContainText('type: io.kestra.plugin.gcp.bigquery.Query');
  await page.keyboard.press('Enter');
  await page.keyboard.type('sq');
  await expect(options.first()).toContainText('sql');
  // An older name is struck through, and there.
  await page.keyboard.press('Escape');
  for (let at = 0; at < 2; at++) await page.keyboard.press('Backspace');
  await page.keyboard.type('- id: old\n');
  await page.keyboard.type('type: core.tasks.log.Log');
  const older = options.filter({ hasText: 'io.kestra.core.tasks.log.Log' });
  await expect(older.first().locator('.cm-completionLabel')).toHaveCSS(
    'text-decoration-line',
    'line-through',
  );
});

test('U41 expressions are completed with inputs, variables, outputs and keys of the namespaces', async ({
  page,
  segue,
}) => {
  await segue.save(source('words'));
  await segue.run('shop.edit/words');
  const put = (namespace: string, key: string): Promise<Response> =>
    fetch(`${segue.url}/api/v1/main/namespaces/${namespace}/kv/${key}`, { method: 'PUT', body: '"v"' });
  expect((await put('shop', 'region_of_all')).ok).toBe(true);
  expect((await put('shop.edit', 'bucket_name')).ok).toBe(true);
  const editor = await open(page, segue, 'words');
  await toEnd(page, editor);
  const options = page.locator('.cm-tooltip-autocomplete').getByRole('option');
  await page.keyboard.type('    description: "{{ ');
  const expected: [string, string][] = [
    ['inputs.', 'city'],
    ['vars.', 'greeting'],
    ['outputs.ex', 'extract'],
    ['outputs.extract.', 'value'],
    ["kv('", 'bucket_name'],
    ["kv('reg", 'region_of_all'],
    ['inputs.city | upp', 'upper'],
    ['rand', 'randomInt'],
  ];
  for (const [typed, option] of expected) {
    await page.keyboard.insertText(typed.slice(0, -1));
    await page.keyboard.type(typed.slice(-1));
    await expect(options.filter({ hasText: option }).first(), typed).toBeVisible();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+End');
    await write(page, editor, `${source('words')}    description: "{{ `);
    await page.keyboard.press('Control+End');
  }
});

test('U45 Ctrl+S saves the next revision, the same text makes none, and undone by hand is not changed', async ({
  page,
  segue,
}) => {
  await segue.save(source('keyed'));
  const editor = await open(page, segue, 'keyed');
  await toEnd(page, editor);
  await page.keyboard.type('# a');
  await expect(page.getByText('Not saved')).toBeVisible();
  for (let at = 0; at < 3; at++) await page.keyboard.press('Backspace');
  await expect(page.getByText('Revision 1, as it is saved')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await write(page, editor, source('keyed', 'good night'));
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as revision 2')).toBeVisible();
  expect(await saved(segue, 'keyed')).toMatchObject({ revision: 2, source: source('keyed', 'good night') });
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Nothing has changed since revision 2')).toBeVisible();
  expect((await saved(segue, 'keyed')).revision).toBe(2);
});

test('U46 leaving asks, Cancel keeps page and text, and a crash offers the text', async ({ page, segue }) => {
  await segue.save(source('leaving'));
  const editor = await open(page, segue, 'leaving');
  await write(page, editor, source('leaving', 'unsaved words'));
  const questions: string[] = [];
  page.on('dialog', (dialog) => {
    questions.push(dialog.type());
    void dialog.dismiss();
  });
  await page.getByRole('link', { name: 'Executions', exact: true }).first().click();
  await expect.poll(() => questions).toEqual(['confirm']);
  await expect(editor).toContainText('unsaved words');
  await expect(page).toHaveURL(/leaving\/edit/);
  // Other tabs of the flow keep the text.
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('link', { name: /^Edit/ }).click();
  await expect(editor).toContainText('unsaved words');
  // A new page of the same browser, as after a crash.
  const again = await page.context().newPage();
  await again.goto(`${segue.url}/ui/main/flows/edit/shop.edit/leaving/edit`);
  await expect(again.getByRole('alert')).toContainText('a text that was not saved');
  await again.getByRole('button', { name: 'Use this text' }).click();
  await expect(again.getByRole('textbox', { name: 'Source of the flow' })).toContainText('unsaved words');
  await expect(again.getByText('Not saved')).toBeVisible();
});

test('U47 a flow that somebody else changed is not overwritten', async ({ page, segue }) => {
  await segue.save(source('shared'));
  const editor = await open(page, segue, 'shared');
  await write(page, editor, source('shared', 'my words'));
  await segue.save(source('shared', 'their words'));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('Somebody saved revision 2');
  expect((await saved(segue, 'shared')).source).toContain('their words');
  await expect(page.getByRole('textbox', { name: 'Revision 2, saved by somebody else' })).toContainText(
    'their words',
  );
  await expect(page.getByRole('textbox', { name: 'Your text' })).toContainText('my words');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved as revision 3')).toBeVisible();
  expect((await saved(segue, 'shared')).source).toContain('my words');
});

test('U48 two revisions are compared side by side and inline, and an older one is restored', async ({
  page,
  segue,
}) => {
  for (const word of ['first', 'second', 'third']) await segue.save(source('old', word));
  await open(page, segue, 'old', 'revisions');
  await expect(page.getByText('Revision 2 → 3')).toBeVisible();
  await page.getByRole('radio', { name: 'Revision 1 on the left' }).check();
  await expect(page).toHaveURL(/left=1/);
  await expect(page.getByRole('textbox', { name: 'Revision 1' })).toContainText('message: first');
  await expect(page.getByRole('textbox', { name: 'Revision 3' })).toContainText('message: third');
  await expect(page.getByText('+1 −1 lines')).toBeVisible();
  await page.getByRole('button', { name: 'Inline' }).click();
  await page.reload();
  await expect(page.locator('.cm-deletedChunk')).toContainText('message: first');
  await page.getByRole('button', { name: 'Restore revision 1' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restore revision 1' });
  await expect(dialog.locator('.cm-deletedChunk')).toContainText('message: third');
  await dialog.getByRole('button', { name: 'Save as revision 4' }).click();
  await expect(page.getByText('revision 4', { exact: true })).toBeVisible();
  expect(await saved(segue, 'old')).toMatchObject({ revision: 4, source: source('old', 'first') });
});

test('J2 a flow is changed, saved and run with three acts', async ({ page, segue }) => {
  await segue.save(source('quick'));
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.edit/quick/overview`);
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  const editor = page.getByRole('textbox', { name: 'Source of the flow' });
  await expect(editor).toContainText('id: quick');
  await write(page, editor, source('quick', 'changed words'));
  await page.getByRole('button', { name: 'Save & run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\.edit\/quick\//);
  await expect(page.getByText('SUCCESS', { exact: true }).first()).toBeVisible();
  expect((await saved(segue, 'quick')).revision).toBe(2);
});

test('a new flow is written, refused with its problem, and saved', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/`);
  await page.getByRole('link', { name: 'Create' }).click();
  const editor = page.getByRole('textbox', { name: 'Source of the flow' });
  await expect(editor).toContainText('id: my_flow');
  await write(page, editor, source('fresh').replace('shop.edit', 'Shop Edit'));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('namespace');
  await write(page, editor, source('fresh'));
  await page.keyboard.press('Control+s');
  await expect(page).toHaveURL(/\/flows\/edit\/shop\.edit\/fresh\/edit$/);
  await expect(page.getByText('Revision 1, as it is saved')).toBeVisible();
  expect((await saved(segue, 'fresh')).source).toBe(source('fresh'));
});

test('a link leads to a line of the source, and to an older revision', async ({ page, segue }) => {
  for (const word of ['first', 'second']) await segue.save(source('linked', word));
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.edit/linked/edit#L12`);
  await expect(page.locator('.cm-line.marked')).toContainText('format:');
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.edit/linked/source?revision=1`);
  await expect(page.getByText('The latest one is revision 2')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Source of the flow' })).toContainText('message: first');
});

test('U44 a hover on an expression shows its value in the last execution, and on a property what it is', async ({
  page,
  segue,
}) => {
  await segue.save(source('hovered'));
  await segue.run('shop.edit/hovered', { city: 'Porto' });
  const editor = await open(page, segue, 'hovered');
  await editor.getByText('inputs.city', { exact: false }).first().hover();
  await expect(page.locator('.cm-tooltip .hover')).toHaveText('Porto');
  await page.mouse.move(0, 0);
  await editor.getByText('format', { exact: true }).hover();
  await expect(page.locator('.cm-tooltip .hover')).toContainText('string');
});

test('U42 the cursor marks its task in the topology, a task leads to its line, and an error keeps the rest', async ({
  page,
  segue,
}) => {
  await segue.save(source('beside'));
  const editor = await open(page, segue, 'beside');
  const topology = page.getByRole('region', { name: 'Topology' });
  await page.locator('.cm-line').filter({ hasText: 'id: extract' }).click();
  await expect(topology.locator('[data-task=extract]')).toHaveClass(/chosen/);
  await expect(topology.locator('[data-task=say]')).not.toHaveClass(/chosen/);
  await topology.getByRole('link', { name: 'say' }).click();
  await expect(page).toHaveURL(/#L13$/);
  await expect(page.locator('.cm-line.marked')).toContainText('id: say');
  await page.locator('.cm-line').filter({ hasText: 'message: hello' }).click();
  await expect(topology.locator('[data-task=say]')).toHaveClass(/chosen/);
  await toEnd(page, editor);
  // A task that is being written: its map is broken, and the others stay.
  await page.keyboard.insertText('  - id: third\n    type: [x\n  - id: fourth\n    type: log.Log\n');
  await expect(topology.locator('[data-task=extract]')).toBeVisible();
  await expect(topology.locator('[data-task=say]')).toBeVisible();
  await page.getByRole('button', { name: 'Topology', exact: true }).click();
  await expect(topology).toHaveCount(0);
  await page.reload();
  await expect(editor).toContainText('id: beside');
  await expect(topology).toHaveCount(0);
});

test('U43 a hover on cron says it in words, with the next five fire times in the zone of the schedule', async ({
  page,
  segue,
}) => {
  await segue.save(`${source('timed')}triggers:
  - id: twice
    type: io.kestra.plugin.core.trigger.Schedule
    cron: 0 6,18 * * *
    timezone: America/Asuncion
    disabled: true
`);
  const editor = await open(page, segue, 'timed');
  await editor.getByText('cron', { exact: true }).hover();
  const hover = page.locator('.cm-tooltip .hover');
  await expect(hover).toContainText('at 06:00 and 18:00');
  await expect(hover).toContainText('Next in America/Asuncion:');
  const query = 'cron=0+6,18+*+*+*&timezone=America/Asuncion&count=5';
  const { dates } = await segue.get<{ dates: string[] }>(`/schedule/next?${query}`);
  const wall = new Intl.DateTimeFormat('sv-SE', {
    ...({ dateStyle: 'short', timeStyle: 'short' } as const),
    timeZone: 'America/Asuncion',
  });
  expect(dates).toHaveLength(5);
  for (const date of dates) await expect(hover).toContainText(wall.format(new Date(date)));
});
