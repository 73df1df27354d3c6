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
  await text.fill('select 2\n');
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
  await expect(page.getByLabel('Text of sql/new.sql')).toHaveValue('select 2\n');
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
  await expect(text).toHaveValue('print(1)\n');
  await text.fill('print("mine")\n');
  await segue.writeFile('files.b', 'a.py', 'print("theirs")\n');
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'a.py was changed meanwhile' });
  await expect(dialog.getByLabel('The file as it is now, to read')).toHaveValue('print("theirs")\n');
  await expect(dialog.getByLabel('Your text, to read')).toHaveValue('print("mine")\n');
  expect(await segue.file('files.b', 'a.py')).toBe('print("theirs")\n');
  await dialog.getByLabel('Your text', { exact: true }).check();
  await dialog.getByRole('button', { name: 'Go on with this text' }).click();
  await expect(text).toHaveValue('print("mine")\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await segue.file('files.b', 'a.py')).toBe('print("mine")\n');
});

test('U94 secrets have names only, and the page says how to set one', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/secrets?namespace=shop.orders`);
  await expect(page.getByRole('region', { name: 'How to set a secret' })).toContainText('SECRET_API_TOKEN');
  await expect(page.getByLabel('Namespace', { exact: true })).toHaveValue('shop.orders');
});
