// Dashboards that people write: made, shown, changed and deleted.
import { readFile } from 'node:fs/promises';
import { expect, test } from './segue';

test('a dashboard is made from the template, shows its charts, and is changed and deleted', async ({
  page,
  segue,
}) => {
  await segue.run('shop.acts/steps', { rows: '7' });
  await page.goto(`${segue.url}/ui/main/dashboards`);
  const list = page.getByRole('region', { name: 'Your dashboards' });
  await list.getByRole('link', { name: 'New dashboard' }).click();
  await expect(page.getByText('No problems')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();

  await expect(page.getByRole('heading', { name: 'My dashboard' })).toBeVisible();
  const series = page.getByRole('region', { name: 'Executions', exact: true });
  await expect(series.getByRole('list', { name: 'Sums' })).toContainText('SUCCESS');
  await expect(series.locator('ol > li')).toHaveCount(8);
  await expect(page.getByRole('region', { name: 'Success ratio' })).toContainText('%');
  await expect(page.getByRole('region', { name: 'States' }).getByRole('list')).toContainText('SUCCESS');
  const table = page.getByRole('region', { name: 'Executions by flow', exact: true });
  await expect(table.getByRole('row', { name: /shop\.acts steps/ })).toBeVisible();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Executions by flow as CSV' }).click(),
  ]);
  const csv = await readFile(await file.path(), 'utf8');
  expect(csv.split('\n').filter((line) => line.includes('shop.acts,steps'))).toHaveLength(1);
  await page.getByLabel('Namespace').fill('nowhere');
  await page.getByLabel('Namespace').blur();
  await expect(table).toContainText('Nothing in this time');
  await expect(page).toHaveURL(/namespace=nowhere/);

  await page.getByRole('link', { name: 'Edit' }).click();
  const editor = page.getByRole('textbox', { name: 'Source of the dashboard' });
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('colour: red\n');
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems).toContainText("Unrecognized field 'colour'");
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('colour');
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Shift+End');
  await page.keyboard.type('description: changed');
  await expect(page.getByText('No problems')).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('changed', { exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(list).toBeVisible();
  await expect(list.getByRole('link', { name: 'My dashboard' })).toHaveCount(0);
});
