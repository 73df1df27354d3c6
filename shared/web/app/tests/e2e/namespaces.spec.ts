// Namespaces with their files and secrets.
import { expect, test } from './segue';

test('namespaces are a tree, and each leads to its flows, keys and files', async ({ page, segue }) => {
  await segue.setKey('planets.inner', 'x', '1');
  await page.goto(`${segue.url}/ui/main/namespaces`);
  await expect(page.getByRole('link', { name: 'inner', exact: true })).toBeVisible();
  await page.getByLabel('Search namespaces').fill('orders');
  await expect(page.getByRole('link', { name: 'inner', exact: true })).toHaveCount(0);
  await page.getByRole('link', { name: 'Flows of shop.orders' }).click();
  await expect(page.getByRole('link', { name: 'nightly_load', exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Executions', exact: true }).last().click();
  await expect(page).toHaveURL(/shop\.orders\/executions$/);
});

test('U91 files are made, edited, renamed and deleted, and a taken name is refused', async ({
  page,
  segue,
}) => {
  await segue.writeFile('files.a', 'sql/taken.sql', 'select 1\n');
  await page.goto(`${segue.url}/ui/main/namespaces/edit/files.a/files`);
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Path in the namespace').fill('sql/merge.sql');
  await page.keyboard.press('Enter');
  const text = page.getByLabel('Text of sql/merge.sql');
  await text.click();
  await page.keyboard.insertText('select 2\n');
  await expect(page.getByText('Changed, not saved')).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await segue.file('files.a', 'sql/merge.sql')).toBe('select 2\n');

  await page.getByRole('button', { name: 'Acts on sql/merge.sql' }).click();
  await page.getByRole('menuitem', { name: 'Move or rename…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Move sql/merge.sql' });
  await dialog.getByLabel('Path in the namespace').fill('sql/taken.sql');
  await dialog.getByRole('button', { name: 'Move' }).click();
  await expect(dialog.getByRole('alert')).toContainText('exists already');
  expect(await segue.file('files.a', 'sql/taken.sql')).toBe('select 1\n');
  await dialog.getByLabel('Path in the namespace').fill('sql/new.sql');
  await dialog.getByRole('button', { name: 'Move' }).click();
  await expect(page.getByLabel('Text of sql/new.sql')).toContainText('select 2');
  await expect(page).toHaveURL(/file=sql%2Fnew\.sql/);
  await expect(page.getByRole('button', { name: 'Acts on sql/merge.sql' })).toHaveCount(0);

  await page.getByLabel('Files to upload').setInputFiles([
    { name: 'one.txt', mimeType: 'text/plain', buffer: Buffer.from('1') },
    { name: 'two.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([0, 1, 2]) },
  ]);
  await expect(page.getByText('2 files are uploaded.')).toBeVisible();
  await page.getByRole('button', { name: 'two.bin', exact: true }).click();
  await expect(page.getByText('The file is not a text')).toBeVisible();
  const zipped = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export' }).click();
  expect((await zipped).suggestedFilename()).toBe('files.zip');

  await page.getByRole('button', { name: 'Acts on sql', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('sql is deleted.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'sql', exact: true })).toHaveCount(0);
});

test('U92 a file that somebody else changed is not overwritten', async ({ page, segue }) => {
  await segue.writeFile('files.b', 'a.py', 'print(1)\n');
  await page.goto(`${segue.url}/ui/main/namespaces/edit/files.b/files?file=a.py`);
  const text = page.getByLabel('Text of a.py');
  await expect(text).toContainText('print(1)');
  await text.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('print("mine")\n');
  await segue.writeFile('files.b', 'a.py', 'print("theirs")\n');
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'a.py was changed meanwhile' });
  await expect(dialog.getByLabel('The file as it is now, to read')).toHaveValue('print("theirs")\n');
  await expect(dialog.getByLabel('Your text, to read')).toHaveValue('print("mine")\n');
  expect(await segue.file('files.b', 'a.py')).toBe('print("theirs")\n');
  await dialog.getByLabel('Your text', { exact: true }).check();
  await dialog.getByRole('button', { name: 'Go on with this text' }).click();
  await expect(text).toContainText('print("mine")');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await segue.file('files.b', 'a.py')).toBe('print("mine")\n');
});

test('U94 a secret is set, named by flows, set again and deleted; its value is nowhere', async ({
  page,
  segue,
}) => {
  const answers: string[] = [];
  page.on('response', (answer) => {
    if (answer.url().includes('/api/'))
      void answer.text().then(
        (text) => answers.push(text),
        () => undefined,
      );
  });
  await segue.save(
    `id: reader\nnamespace: secret.flows\ntasks:\n- id: say\n  type: io.kestra.plugin.core.log.Log\n  message: "{{ secret('DB_PASSWORD') }}"\n`,
  );
  await page.goto(`${segue.url}/ui/main/secrets?namespace=secret.flows`);
  const missing = page.getByRole('region', { name: 'Missing secrets' });
  await expect(missing.getByRole('link', { name: 'reader' })).toBeVisible();
  await missing.getByRole('button', { name: 'Set DB_PASSWORD' }).click();
  const dialog = page.getByRole('dialog', { name: 'New secret' });
  await expect(dialog.getByLabel('Name')).toHaveValue('DB_PASSWORD');
  await dialog.getByLabel('Value', { exact: true }).fill('c2VzYW1lIG9wZW4gcGxlYXNl');
  await dialog.getByRole('button', { name: 'Decode it' }).click();
  await expect(dialog.getByLabel('Value', { exact: true })).toHaveValue('sesame open please');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('DB_PASSWORD is set, 18 bytes.')).toBeVisible();
  await expect(missing).toHaveCount(0);
  const row = page.getByRole('row', { name: /DB_PASSWORD/ });
  await expect(row).toContainText('secret store');
  await expect(row.getByRole('link', { name: 'reader' })).toBeVisible();
  const run = await segue.run('secret.flows/reader');
  expect(run.state.current).toBe('SUCCESS');
  await page.goto(segue.address(run, 'logs'));
  await expect(page.getByText('••••').or(page.getByText('******')).first()).toBeVisible();

  await page.goto(`${segue.url}/ui/main/secrets?namespace=secret.flows`);
  await page.getByRole('button', { name: 'Acts on DB_PASSWORD' }).click();
  await page.getByRole('menuitem', { name: 'Set another value…' }).click();
  const again = page.getByRole('dialog', { name: 'Set DB_PASSWORD' });
  await expect(again.getByLabel('Value', { exact: true })).toHaveValue('');
  await again.getByLabel('Value', { exact: true }).fill('another sesame');
  await again.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('DB_PASSWORD is set, 14 bytes.')).toBeVisible();
  expect(await page.content()).not.toContain('sesame');
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
    'sesame',
  );

  await page.getByRole('button', { name: 'Acts on DB_PASSWORD' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(missing).toBeVisible();
  expect(answers.length).toBeGreaterThan(5);
  expect(answers.join('\n')).not.toContain('sesame');
});

test('U94 the page says how to set a secret outside', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/secrets?namespace=shop.orders`);
  await expect(page.getByRole('region', { name: 'How to set a secret' })).toContainText('SECRET_API_TOKEN');
  await expect(page.getByLabel('Namespace', { exact: true })).toHaveValue('shop.orders');
});

test('U96 a namespace with files only is listed', async ({ page, segue }) => {
  await segue.writeFile('only.with.files', 'a.txt', 'x');
  await page.goto(`${segue.url}/ui/main/namespaces`);
  await page.getByLabel('Search namespaces').fill('only.with');
  await expect(page.getByTitle('only.with.files', { exact: true })).toBeVisible();
});
