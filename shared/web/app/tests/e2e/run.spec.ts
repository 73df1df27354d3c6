// The dialog that runs a flow.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { violations } from './axe';
import { type Execution, expect, test } from './segue';

test('J3 a flow is run with two clicks from the list', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/`);
  await page.getByRole('link', { name: 'Run text_log' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\/text_log\//);
  await expect(page.getByText('SUCCESS', { exact: true }).first()).toBeVisible();
});

test('U51 every type of input is sent as it was typed', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/all_inputs`);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('text', { exact: true })).toHaveValue('hello');
  const fill = (label: string, value: string) => dialog.getByLabel(label, { exact: true }).fill(value);
  await fill('text', 'good day');
  await fill('count', '7');
  await fill('price', '1.10');
  await dialog.getByLabel('sure', { exact: true }).selectOption('false');
  await dialog.getByRole('radio', { name: 'large' }).check();
  await fill('year', '2021');
  await dialog.getByLabel('kind', { exact: true }).selectOption('d');
  await dialog.getByRole('checkbox', { name: 'blue' }).check();
  await dialog.getByRole('checkbox', { name: 'red' }).check();
  await fill('numbers', '3\n4');
  await fill('day', '2026-02-03');
  await fill('clock', '04:05');
  await fill('moment', '2026-02-03T04:05');
  await fill('wait', 'PT1H30M');
  await dialog
    .getByLabel('file', { exact: true })
    .setInputFiles({ name: 'zones.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n') });
  await fill('json', '{"a": [1, 2]}');
  await fill('yaml', 'a: 1');
  await fill('link', 'https://example.com/x');
  await fill('mail', 'me@example.com');
  await fill('key', 'hidden-value');
  await fill('large_only', 'depends');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/\/executions\/shop\.forms\/all_inputs\//);
  expect(page.url()).not.toContain('hidden');
  const id = page.url().split('/').at(-2) ?? '';
  const { inputs } = await segue.get<Execution>(`/executions/${id}`);
  expect(inputs).toMatchObject({
    text: 'good day',
    count: 7,
    price: 1.1,
    sure: false,
    size: 'large',
    year: '2021',
    kind: 'd',
    tags: ['blue', 'red'],
    numbers: [3, 4],
    day: '2026-02-03',
    clock: '04:05:00',
    moment: '2026-02-03T04:05:00Z',
    wait: 'PT1H30M',
    large_only: 'depends',
    link: 'https://example.com/x',
    mail: 'me@example.com',
  });
  expect(String(inputs['file'])).toContain('zones.csv');
});

test('U51 a wrong value is shown under its field, and the first one has the focus', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/all_inputs`);
  const dialog = page.getByRole('dialog');
  const count = dialog.getByLabel('count', { exact: true });
  await count.fill('12');
  await dialog.getByLabel('mail', { exact: true }).fill('nobody');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(count).toBeFocused();
  await expect(count).toHaveAccessibleDescription(/9/);
  await expect(dialog.getByLabel('mail', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page).not.toHaveURL(/run=/);
});

test('U53 a cleared field stays cleared, and an untouched one follows the server', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/all_inputs&inputs.price=2.5`);
  const dialog = page.getByRole('dialog');
  const [text, count] = [
    dialog.getByLabel('text', { exact: true }),
    dialog.getByLabel('count', { exact: true }),
  ];
  await expect(count).toHaveValue('3');
  await expect(dialog.getByLabel('price', { exact: true })).toHaveValue('2.5');
  await count.fill('');
  const checked = page.waitForResponse((response) => response.url().includes('/validate'));
  await text.fill('other');
  await checked;
  await expect(count).toHaveValue('');
  await dialog.getByRole('button', { name: 'Reset' }).nth(1).click();
  await expect(count).toHaveValue('3');
});

test('U54 an input that does not apply is hidden', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/all_inputs`);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('text', { exact: true })).toHaveValue('hello');
  await expect(dialog.getByLabel('large_only', { exact: true })).toHaveCount(0);
  await dialog.getByRole('radio', { name: 'large' }).check();
  await expect(dialog.getByLabel('large_only', { exact: true })).toBeVisible();
});

test('U18 a scheduled flow is run for a chosen slot', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.reports/monthly`);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'Another one' }).check();
  await dialog.getByLabel('Date and time in UTC').fill('2024-03-01T09:00');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\.reports\/monthly\//);
  const id = page.url().split('/').at(-2) ?? '';
  const { trigger } = await segue.get<Execution>(`/executions/${id}`);
  expect(String(trigger?.variables['date'])).toMatch(/^2024-03-01T09:00/);
  await expect(page.locator('time[datetime^="2024-03-01T09:00"]')).toBeVisible();
});

test('U56 a copied command starts the same execution, and has no secret', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/all_inputs`);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('text', { exact: true })).toHaveValue('hello');
  await dialog.getByLabel('json', { exact: true }).fill('{\n"a": "it\'s `id` ü \\"$x\\""}');
  await dialog.getByLabel('key', { exact: true }).fill('hidden-value');
  await dialog.getByText('Copy as a command').click();
  const command = await dialog.getByLabel('Command', { exact: true }).innerText();
  expect(command).not.toContain('hidden-value');
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  const isWider = await dialog
    .locator('.fields')
    .evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  expect(isWider).toBe(false);
  await page.setViewportSize({ width: 1366, height: 768 });
  const env = { ...process.env, SECRET_KEY: 'hidden-value', NO_PROXY: '*' };
  const made = JSON.parse(
    execFileSync('sh', ['-c', `${command} -s`], { env, encoding: 'utf8' }),
  ) as Execution;
  expect(made.id, JSON.stringify(made)).toBeTruthy();
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\.forms\/all_inputs\//);
  const typed = await segue.get<Execution>(`/executions/${page.url().split('/').at(-2) ?? ''}`);
  // A secret is encrypted with another number each time.
  const plain = ({ inputs }: Execution) => ({ ...inputs, key: typeof inputs['key'] });
  expect(plain(made)).toEqual(plain(typed));
});

test('U55 an earlier execution fills everything but its secret', async ({ page, segue }) => {
  const run = await segue.run('shop.forms/all_inputs', {
    ...{ text: 'from before', count: '8', tags: '["blue"]', key: 'hidden-value', day: '2026-02-03' },
  });
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('link', { name: 'Run again' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('text', { exact: true })).toHaveValue('from before');
  await expect(dialog.getByLabel('count', { exact: true })).toHaveValue('8');
  await expect(dialog.getByLabel('day', { exact: true })).toHaveValue('2026-02-03');
  await expect(dialog.getByRole('checkbox', { name: 'blue' })).toBeChecked();
  await expect(dialog.getByLabel('key', { exact: true })).toHaveValue('');
  await dialog.getByLabel('Fill in from').selectOption('');
  await expect(dialog.getByLabel('text', { exact: true })).toHaveValue('hello');
});

test('U20 a value that is not in the list is taken where the flow allows it', async ({ page, segue }) => {
  await segue.save(`id: custom
namespace: shop.forms
inputs:
  - { id: year, type: SELECT, values: ['2019', '2020'], allowCustomValue: true }
  - { id: command, type: SELECT, values: [dbt build], allowCustomValue: true }
tasks:
  - id: say
    type: io.kestra.plugin.core.debug.Return
    format: '{{ inputs.year }} {{ inputs.command }}'
`);
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/custom`);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('year', { exact: true }).fill('2021');
  await dialog.getByLabel('command', { exact: true }).fill('dbt run -s x');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\.forms\/custom\//);
  const { inputs } = await segue.get<Execution>(`/executions/${page.url().split('/').at(-2) ?? ''}`);
  expect(inputs).toEqual({ year: '2021', command: 'dbt run -s x' });
});

test('U57 what a concurrency limit does is said before the start, and comes true', async ({
  page,
  segue,
}) => {
  for (const [behavior, words, state] of [
    ['QUEUE', 'this one will wait', 'QUEUED'],
    ['FAIL', 'this one will fail', 'FAILED'],
    ['CANCEL', 'this one will be cancelled', 'CANCELLED'],
  ] as const) {
    const id = `limited_${behavior.toLowerCase()}`;
    await segue.save(`id: ${id}
namespace: shop.limits
concurrency: { limit: 1, behavior: ${behavior} }
tasks:
  - id: wait
    type: io.kestra.plugin.core.flow.Pause
`);
    await page.goto(`${segue.url}/ui/main/flows?run=shop.limits/${id}`);
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText('This flow has no inputs.')).toBeVisible();
    await expect(dialog.getByRole('note')).toHaveCount(0);
    await segue.until(`shop.limits/${id}`, 'PAUSED');
    await expect(dialog.getByRole('note')).toContainText(words);
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/executions/shop\\.limits/${id}/`));
    await expect(page.getByText(state, { exact: true }).first()).toBeVisible();
  }
});

test('U52 a large file is sent with its progress, and a stopped upload leaves nothing', async ({
  page,
  segue,
}) => {
  test.setTimeout(180_000);
  const bytes = 1024 ** 3;
  const folder = mkdtempSync(join(tmpdir(), 'segue-large-'));
  const large = join(folder, 'large.bin');
  writeFileSync(large, '');
  truncateSync(large, bytes);
  await segue.save(`id: takes_a_file
namespace: shop.forms
inputs:
  - { id: note, type: STRING, defaults: x }
  - { id: file, type: FILE }
tasks:
  - id: size
    type: io.kestra.plugin.core.storage.Size
    uri: '{{ inputs.file }}'
`);
  const runs = () => segue.get<{ total: number }>('/executions/search?filters[flowId][EQUALS]=takes_a_file');
  const kept = () => segue.bytesKept();
  const before = kept();
  let checked = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/validate')) checked += request.postDataBuffer()?.length ?? 0;
  });
  await page.goto(`${segue.url}/ui/main/flows?run=shop.forms/takes_a_file`);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('file', { exact: true }).setInputFiles(large);
  await dialog.getByLabel('note', { exact: true }).fill('y');
  await expect(dialog.getByText('1,073,741,824 B')).toBeVisible();
  // The network of the browser takes 4 MB a second, so the upload is on its way for minutes.
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4_000_000 };
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', slow);
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(dialog.getByRole('progressbar')).toBeVisible();
  await expect(dialog.getByRole('status')).toContainText(/MiB, [\d,]+ B of 1\.0 GiB/);
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(dialog.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
  await expect(dialog.getByLabel('note', { exact: true })).toHaveValue('y');
  expect((await runs()).total).toBe(0);
  await expect.poll(kept).toBeLessThan(before + 1_000_000);
  expect(checked).toBeLessThan(10_000);

  await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page).toHaveURL(/\/executions\/shop\.forms\/takes_a_file\//, { timeout: 120_000 });
  const id = page.url().split('/').at(-2) ?? '';
  await expect
    .poll(async () => (await segue.get<Execution>(`/executions/${id}`)).state.current)
    .toBe('SUCCESS');
  const outputs = await segue.get<{ taskRunList: { outputs: { size: number } }[] }>(`/executions/${id}`);
  expect(outputs.taskRunList[0]?.outputs.size).toBe(bytes);
  rmSync(folder, { recursive: true });
});
