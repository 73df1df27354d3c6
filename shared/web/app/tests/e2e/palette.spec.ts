// The palette.
import { violations } from './axe';
import { expect, test } from './segue';

test('U25 the palette finds a flow by a part, an execution by id and by label, a page and an action', async ({
  page,
  segue,
}) => {
  const run = await segue.run('shop/text_log?labels=file:orders-07.csv');
  await page.goto(`${segue.url}/ui/main/flows`);
  const search = page.getByLabel('Search id and namespace (press /)');
  await search.focus();
  const palette = page.getByRole('dialog', { name: 'Palette' });
  const find = async (text: string) => {
    await page.keyboard.press('Control+k');
    await palette.getByRole('combobox').fill(text);
  };

  await find('ightly');
  await expect(palette.getByRole('option', { name: /^flow nightly_load/ })).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);
  await expect(search).toBeFocused();

  await find('ightly');
  await expect(palette.getByRole('option', { name: /^run Run nightly_load/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/flows\/edit\/shop\.orders\/nightly_load\/overview$/);

  for (const text of [run.id, 'file=orders-07.csv']) {
    await page.goto(`${segue.url}/ui/main/flows`);
    await find(text);
    await expect(palette.getByRole('option').first()).toContainText(run.id);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(run.id));
  }

  await find('failed');
  await palette.getByRole('option', { name: /^page Failed executions/ }).click();
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText('FAILED, KILLED');

  await find('dark');
  await palette.getByRole('option', { name: /^action Dark theme/ }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
