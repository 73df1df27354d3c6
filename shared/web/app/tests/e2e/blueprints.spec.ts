// The blueprints: each is used in the editor and run from its page.
import { expect, type Segue, test } from './segue';

interface Blueprint {
  id: string;
  title: string;
  namespace: string;
  flowId: string;
}

/** The newest execution of a flow. */
async function newest(segue: Segue, { namespace, flowId }: Blueprint): Promise<string | undefined> {
  const query = new URLSearchParams({ 'filters[flowId][EQUALS]': flowId, size: '1' });
  query.set('filters[namespace][EQUALS]', namespace);
  const { results } = await segue.get<{ results: { state: { current: string } }[] }>(
    `/executions/search?${query}`,
  );
  return results[0]?.state.current;
}

test('U100 every blueprint is run from its page, and ends in SUCCESS', async ({ page, segue }) => {
  test.setTimeout(180_000);
  await page.goto(`${segue.url}/ui/main/blueprints`);
  const all = await segue.get<Blueprint[]>('/blueprints');
  expect(all.length).toBeGreaterThanOrEqual(10);
  await expect(page.getByText(`${all.length} of ${all.length} blueprints`)).toBeVisible();
  for (const blueprint of all) {
    await page.goto(`${segue.url}/ui/main/blueprints`);
    await page.getByRole('link', { name: blueprint.title, exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`/blueprints/${blueprint.id}$`));
    await page.getByRole('button', { name: 'Save and run' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: /^Run/ }).click();
    await expect.poll(() => newest(segue, blueprint), blueprint.id).toBe('SUCCESS');
  }
});

test('U100 a blueprint is found by its tag, and used in the editor under another name', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/main/blueprints`);
  await page.getByLabel('Find a blueprint by what it does, a tag or a task type').fill('bigquery.Load');
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(['From a CSV file to a table']);
  await page.getByRole('link', { name: 'warehouse', exact: true }).click();
  await expect(page).toHaveURL(/\?q=warehouse$/);
  await page.getByRole('link', { name: 'From a CSV file to a table' }).click();
  const { source } = await segue.get<{ source: string }>('/blueprints/etl');
  // Somebody has another flow of the same name.
  await segue.save(source.replace('defaults: DE', 'defaults: US'));
  await page.getByRole('button', { name: 'Save and run' }).click();
  await expect(page.getByRole('alert')).toContainText('shop.sales exists already');
  await page.getByRole('link', { name: 'Use in the editor' }).click();
  const editor = page.locator('.cm-content');
  await expect(editor).toContainText('id: sales');
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(source.replace(/^id: sales$/m, 'id: own_sales'));
  await page.keyboard.press('Control+s');
  await expect(page).toHaveURL(/flows\/edit\/shop\/own_sales\/edit/);
  const kept = await segue.get<{ source: string }>('/flows/shop/sales?source=true');
  expect(kept.source).toContain('defaults: US');
});

test('U100 a blueprint that does not exist is said to be missing', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/blueprints/none`);
  await expect(page.getByRole('alert')).toContainText("Blueprint 'none'");
});
