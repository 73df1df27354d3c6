// What people do with an execution: restart, replay, kill, pause and resume, change of state, labels, deletion.
import type { Page } from '@playwright/test';
import { violations } from './axe';
import { dialogs } from './pages';
import { type Execution, expect, type Segue, test } from './segue';

interface Run {
  id: string;
  taskId: string;
  state: { current: string; startDate: string };
  outputs: Record<string, unknown>;
}

interface Whole extends Omit<Execution, 'taskRunList'> {
  taskRunList: Run[];
  labels: { key: string; value: string }[];
  parentId?: string;
  flowRevision: number;
  state: { current: string; startDate: string; duration: string; histories: { state: string }[] };
}

/** The state next to the title. */
function state(page: Page) {
  return page.locator('h1 + .state');
}

/** Opens the menu with the further acts, and chooses one. */
async function more(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name }).click();
}

function whole(segue: Segue, id: string): Promise<Whole> {
  return segue.get<Whole>(`/executions/${id}`);
}

/** The execution of the address. */
function shown(page: Page): string {
  return new URL(page.url()).pathname.split('/').at(-2) ?? '';
}

test('U59 restart asks for the revision, and goes on from the failed task', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/failing_load');
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('button', { name: 'Restart' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restart failing_load' });
  await expect(dialog).toContainText('transform runs again');
  await expect(dialog.getByLabel('Revision of the flow').getByRole('option')).toHaveText([
    '1, and this execution goes on',
    /^1, newest, .*, as a new execution$/,
  ]);
  await dialog.getByLabel('Revision of the flow').selectOption('1');
  await dialog.getByRole('button', { name: 'Restart' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  await expect(page.getByRole('treeitem', { name: /^transform FAILED .*3\s?attempts/ })).toBeVisible();
  const [made, old] = [await whole(segue, shown(page)), await whole(segue, run.id)];
  expect(made.parentId).toBe(run.id);
  expect(made.taskRunList[0]?.state).toEqual(old.taskRunList[0]?.state);
});

test('U60 a replay from a task with other inputs says what is kept, and does so', async ({ page, segue }) => {
  const run = (await segue.run('shop.acts/steps', { rows: '7' })) as unknown as Whole;
  await page.goto(segue.address(run as unknown as Execution, 'gantt'));
  const row = page.getByRole('treeitem', { name: /^left/ });
  await row.focus();
  await page.keyboard.press('Shift+F10');
  await page.keyboard.press('Escape');
  await expect(row).toBeFocused();
  await page.keyboard.press('Shift+F10');
  await expect(page.getByRole('menuitem', { name: 'Replay from here…' })).toBeFocused();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Replay steps' });
  await expect(dialog.getByRole('radio', { name: 'from left, again' })).toBeChecked();
  await expect(dialog.getByRole('radio', { name: 'from fetch, kept' })).toBeVisible();
  await expect(dialog.getByRole('radio', { name: 'from both, goes on' })).toBeVisible();
  await expect(dialog.getByRole('radio', { name: 'from right, kept' })).toBeVisible();
  await expect(dialog.getByRole('radio', { name: 'from report, again' })).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'Change inputs' }).check();
  await expect(dialog.getByLabel('rows', { exact: true })).toHaveValue('7');
  await dialog.getByLabel('rows', { exact: true }).fill('8');
  await expect(dialog.getByText('changed', { exact: true })).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  await expect(state(page)).toHaveText(/SUCCESS/);
  const [old, made] = [await whole(segue, run.id), await whole(segue, shown(page))];
  const of = (execution: Whole, task: string) => execution.taskRunList.find(({ taskId }) => taskId === task);
  expect(made.inputs['rows']).toBe(8);
  expect(made.labels).toContainEqual({ key: 'team', value: 'acts' });
  for (const task of ['fetch', 'right']) expect(of(made, task)?.outputs).toEqual(of(old, task)?.outputs);
  expect(of(made, 'left')?.outputs).toEqual({ value: 'left 8' });
  expect(of(made, 'report')?.outputs).toEqual({ value: '8 rows' });
});

test('U60 a replay from the start takes over the inputs, and another revision is refused in words', async ({
  page,
  segue,
}) => {
  const source = (tasks: string) => `id: revised\nnamespace: shop.acts\ntasks:\n${tasks}`;
  const task = (id: string) => `  - { id: ${id}, type: io.kestra.plugin.core.log.Log, message: hello }\n`;
  await segue.save(source(task('first') + task('second')));
  const run = await segue.run('shop.acts/revised');
  await segue.save(source(task('first')));
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('button', { name: 'Replay' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay revised' });
  await expect(dialog.getByRole('radio', { name: 'from the start' })).toBeChecked();
  await dialog.getByRole('radio', { name: /^from second/ }).check();
  await dialog.getByLabel('Revision of the flow').selectOption('2');
  await expect(dialog.getByRole('alert')).toHaveText('Revision 2 of the flow has no task second.');
  await expect(dialog.getByRole('button', { name: 'Replay' })).toBeDisabled();
  await dialog.getByRole('radio', { name: 'from the start' }).check();
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  await expect(state(page)).toHaveText(/SUCCESS/);
  const made = await whole(segue, shown(page));
  expect([made.flowRevision, made.taskRunList.length]).toEqual([2, 1]);
});

test('U60 a replay with other inputs takes over files, and asks for secrets again', async ({
  page,
  segue,
}) => {
  const file = new File(['a,b\n'], 'zones.csv', { type: 'text/csv' });
  const run = await segue.run('shop.forms/all_inputs', { file, key: 'hidden-value', count: '7' });
  await page.goto(`${segue.address(run, 'gantt')}?act=replay`);
  const dialog = page.getByRole('dialog', { name: 'Replay all_inputs' });
  await dialog.getByRole('checkbox', { name: 'Change inputs' }).check();
  await expect(dialog.getByText('Secrets are not filled in.')).toBeVisible();
  await expect(dialog.getByLabel('key', { exact: true })).toHaveValue('');
  await expect(dialog.getByText(String(run.inputs['file']))).toBeVisible();
  await dialog.getByLabel('count', { exact: true }).fill('8');
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  const { inputs } = await whole(segue, shown(page));
  expect(inputs).toEqual({ ...run.inputs, count: 8, key: inputs['key'] });
});

test('U74 a kill stops the executions below, and pages show it live', async ({ page, segue, context }) => {
  const run = await segue.run('shop.acts/parent', {}, false);
  let child = '';
  await expect
    .poll(async () => {
      const found = await segue.get<{ results: Execution[] }>(
        '/executions/search?filters[flowId][EQUALS]=endless&filters[state][IN]=RUNNING',
      );
      child = found.results.at(0)?.id ?? '';
      return child;
    })
    .not.toBe('');
  await page.goto(segue.address(run, 'gantt'));
  await expect(state(page)).toHaveText(/RUNNING/);
  const below = await context.newPage();
  await below.goto(segue.address({ ...run, flowId: 'endless', id: child }, 'overview'));
  await expect(state(below)).toHaveText(/RUNNING/);
  const kill = page.getByRole('button', { name: 'Kill' });
  await kill.click();
  const dialog = page.getByRole('dialog', { name: 'Kill this execution of parent?' });
  await expect(dialog).toContainText('What has not ended is stopped: call');
  await page.keyboard.press('Escape');
  await expect(kill).toBeFocused();
  await kill.click();
  await expect(dialog.getByRole('checkbox', { name: /executions that it started/ })).toBeChecked();
  await dialog.getByRole('button', { name: 'Kill' }).click();
  await expect(state(below)).toHaveText(/KILLED/);
  // KILLING may be over before the page can draw it. The list of states has it all the same.
  await expect(below.getByRole('region', { name: 'States' }).getByRole('listitem')).toHaveText([
    /CREATED/,
    /RUNNING/,
    /KILLING/,
    /KILLED/,
  ]);
  await expect(state(page)).toHaveText(/KILLED/);
  await expect(page.getByRole('button', { name: 'More' })).toBeFocused();
  const histories = (await whole(segue, run.id)).state.histories.map((one) => one.state);
  expect(histories.slice(-2)).toEqual(['KILLING', 'KILLED']);
});

test('U75 a pause tells what it waits for, and a link leads to its form', async ({ page, segue }) => {
  const run = await segue.until('shop.acts/approval', 'PAUSED');
  await page.goto(`${segue.address(run, 'gantt')}?resume=1`);
  const banner = page.getByRole('region', { name: 'Why it is paused' });
  await expect(banner).toContainText('wait waits for a person.');
  await expect(banner).toContainText('Without an answer, it is cancelled in');
  const dialog = page.getByRole('dialog', { name: 'Resume approval' });
  const field = (name: string) => dialog.getByLabel(name, { exact: true });
  await expect(field('reason')).toBeFocused();
  await expect(field('count')).toHaveValue('3');
  await field('reason').fill('NO');
  await field('count').fill('12');
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await expect(field('reason')).toHaveAttribute('aria-invalid', 'true');
  await expect(field('reason')).toBeFocused();
  await expect(field('count')).toHaveAccessibleDescription(/9/);
  await field('reason').fill('all is well');
  await field('count').fill('4');
  await field('price').fill('1.50');
  await field('sure').selectOption('true');
  await dialog.getByRole('radio', { name: 'large' }).check();
  await dialog.getByRole('checkbox', { name: 'green' }).check();
  await field('numbers').fill('3\n4');
  await field('day').fill('2026-02-03');
  await field('clock').fill('04:05');
  await field('moment').fill('2026-02-03T04:05');
  await field('length').fill('PT1H');
  await field('file').setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a\n') });
  await field('json').fill('{"a": 1}');
  await field('yaml').fill('a: 1');
  await field('link').fill('https://example.com/x');
  await field('mail').fill('me@example.com');
  await field('key').fill('hidden-value');
  await page.keyboard.press('Control+Enter');
  await expect(state(page)).toHaveText(/SUCCESS/);
  await expect(page).not.toHaveURL(/resume/);
  await expect(banner).toHaveCount(0);
  const { taskRunList } = await whole(segue, run.id);
  const of = (task: string) => taskRunList.find(({ taskId }) => taskId === task)?.outputs ?? {};
  expect(of('done')).toEqual({ value: 'all is well 4' });
  expect(of('wait')['onResume']).toMatchObject({
    ...{ reason: 'all is well', count: 4, price: 1.5, sure: true, size: 'large', tags: ['green'] },
    ...{ numbers: [3, 4], day: '2026-02-03', clock: '04:05:00', moment: '2026-02-03T04:05:00Z' },
    ...{ length: 'PT1H', link: 'https://example.com/x', mail: 'me@example.com' },
  });
  expect(JSON.stringify(of('wait'))).not.toContain('hidden-value');
  await page.goto(`${segue.address(run, 'gantt')}?resume=1`);
  await expect(page.getByText('cannot be done any more: the execution is SUCCESS')).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page).not.toHaveURL(/resume/);
});

test('U75 a running execution is paused without a question, and goes on after Resume', async ({
  page,
  segue,
}) => {
  const { run, gate } = await segue.hold('shop.orders/slow_log');
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(state(page)).toHaveText(/PAUSED/);
  await expect(page.getByRole('region', { name: 'Why it is paused' })).toContainText('Paused by a request');
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  gate.open();
  await expect(state(page)).toHaveText(/SUCCESS/);
});

test('U32 what is typed in a dialog stays while the execution goes on', async ({ page, segue }) => {
  const { run, gate } = await segue.hold('shop.orders/slow_inputs');
  await page.goto(segue.address(run, 'gantt'));
  await more(page, 'Replay…');
  const dialog = page.getByRole('dialog', { name: 'Replay slow_inputs' });
  await dialog.getByRole('checkbox', { name: 'Change inputs' }).check();
  await dialog.getByLabel('note', { exact: true }).fill('typed');
  gate.open();
  await expect(state(page)).toHaveText(/SUCCESS/);
  await expect(dialog.getByLabel('note', { exact: true })).toHaveValue('typed');
  await dialog.getByRole('button', { name: 'Replay' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  expect((await whole(segue, shown(page))).inputs['note']).toBe('typed');
});

test('U76 a failed task run set to SUCCESS lets the execution go on from there', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/failing_load');
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('treeitem', { name: /^transform FAILED/ }).click();
  await page.getByRole('button', { name: 'Change state…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change the state of transform' });
  await expect(dialog.getByRole('button', { name: 'Change' })).toBeDisabled();
  await expect(dialog.getByRole('radio', { name: /FAILED/ })).toHaveCount(0);
  await dialog.getByRole('radio', { name: /^✓?\s*SUCCESS/ }).check();
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(page.getByRole('treeitem', { name: /^publish SUCCESS/ })).toBeVisible();
  await expect(state(page)).toHaveText(/SUCCESS/);
  expect((await whole(segue, run.id)).taskRunList.map(({ taskId }) => taskId)).toContain('publish');
});

test('U76 the state of an execution that has ended is changed, and nothing runs', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/failing_load');
  await page.goto(segue.address(run, 'gantt'));
  await more(page, 'Change state…');
  const dialog = page.getByRole('dialog', { name: 'Change the state of this execution' });
  await dialog.getByRole('radio', { name: /WARNING/ }).check();
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(state(page)).toHaveText(/WARNING/);
  await expect(page.getByRole('button', { name: 'More' })).toBeFocused();
  expect((await whole(segue, run.id)).taskRunList).toHaveLength(2);
});

test('U77 labels are added and changed, and the search finds them', async ({ page, segue }) => {
  const run = await segue.run('shop.acts/steps');
  await page.goto(segue.address(run, 'gantt'));
  await more(page, 'Set labels…');
  const dialog = page.getByRole('dialog', { name: 'Set labels' });
  await dialog.getByLabel('Value 1').fill('data');
  await dialog.getByLabel('Key 2').fill('system.x');
  await expect(dialog.getByRole('alert')).toContainText('Segue’s own');
  await dialog.getByLabel('Key 2').fill('checked by');
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
  await dialog.getByLabel('Value 2').fill('Ana');
  await dialog.getByRole('button', { name: 'Add a label' }).click();
  await expect(dialog.getByLabel('Key 3')).toBeFocused();
  await dialog.getByRole('button', { name: 'Leave out label 3' }).click();
  await expect(dialog.getByLabel('Key 3')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: 'team=data' })).toBeVisible();
  await page.getByRole('link', { name: 'checked by=Ana' }).click();
  await expect(page.getByRole('link', { name: run.id.slice(0, 8) })).toBeVisible();
  await expect(page.locator('tbody tr')).toHaveCount(1);
});

test('U78 a deletion says what goes, and Back shows no ghost', async ({ page, segue }) => {
  const run = await segue.run('shop.orders/nightly_load');
  await page.goto(`${segue.url}/ui/main/executions`);
  await page.getByRole('link', { name: run.id.slice(0, 8) }).click();
  await page.getByRole('link', { name: 'Outputs' }).click();
  await more(page, 'Delete…');
  const dialog = page.getByRole('dialog', { name: 'Delete this execution of nightly_load?' });
  await expect(dialog).toContainText(run.id);
  await expect(dialog).toContainText(`${run.taskRunList.length} task runs with outputs`);
  const lines = (await segue.get<unknown[]>(`/logs/${run.id}`)).length;
  await expect(dialog.getByRole('checkbox', { name: `The log, ${lines} lines` })).toBeChecked();
  await dialog.getByRole('checkbox', { name: /^The log/ }).uncheck();
  const sent = page.waitForRequest((request) => request.method() === 'DELETE');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  expect(new URL((await sent).url()).search).toBe('?deleteLogs=false&deleteStorage=true');
  await expect(page).toHaveURL(/\/executions$/);
  await expect(page.getByRole('link', { name: run.id.slice(0, 8) })).toHaveCount(0);
  await page.goBack();
  await expect(page.getByRole('alert')).toContainText(run.id);
  await expect(page.getByRole('treeitem')).toHaveCount(0);
});

test('U61 an execution in the queue can be forced, or taken out', async ({ page, segue }) => {
  const first = await segue.until('shop.acts/one_at_a_time', 'PAUSED');
  const run = await segue.until('shop.acts/one_at_a_time', 'QUEUED');
  await page.goto(segue.address(run, 'gantt'));
  await more(page, 'Take out of the queue…');
  const dialog = page.getByRole('dialog', { name: 'Take one_at_a_time out of the queue' });
  await dialog.getByRole('radio', { name: /CANCELLED/ }).check();
  await dialog.getByRole('button', { name: 'Take out' }).click();
  await expect(state(page)).toHaveText(/CANCELLED/);
  const next = await segue.until('shop.acts/one_at_a_time', 'QUEUED');
  await page.goto(segue.address(next, 'gantt'));
  await more(page, 'Force run');
  await expect(state(page)).toHaveText(/PAUSED/);
  await segue.resume(next.id);
  await segue.resume(first.id);
});

test('U61 the menu says why an act has to wait, is used by keys, and a refusal is shown in words', async ({
  page,
  segue,
}) => {
  const run = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  await page.goto(segue.address(run, 'gantt'));
  const button = page.getByRole('button', { name: 'More' });
  await button.focus();
  await page.keyboard.press('Enter');
  const items = page.getByRole('menuitem');
  await expect(items.first()).toBeFocused();
  await expect(items.filter({ hasText: 'Set labels…' })).toContainText('after the end');
  await expect(items.filter({ hasText: 'Set labels…' })).toHaveAttribute('aria-disabled', 'true');
  await page.keyboard.press('End');
  await expect(items.filter({ hasText: 'Delete…' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await expect(items).toHaveCount(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('check waits for this');
  await segue.resume(run.id);
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await expect(dialog.getByRole('alert')).toContainText('must be PAUSED');
});

test('U29 the dialogs fit a narrow window, and axe finds nothing in the menu', async ({ page, segue }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const { name, address } of (await dialogs(segue)).filter(({ name }) => name.startsWith('act-'))) {
    await page.goto(address);
    await expect(page.getByRole('dialog')).toBeVisible();
    const isWider = await page
      .locator('dialog .body')
      .evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
    expect(isWider, name).toBe(false);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More' }).click();
  await expect(page.getByRole('menuitem').first()).toBeFocused();
  expect(await violations(page), 'menu').toEqual([]);
});
