// The pages of task types.
import { expect, test } from './segue';

interface Type {
  name: string;
  kind: string;
}

test('U99 a type is found by its words, and its page has the properties of its schema', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/main/plugins`);
  const all = await segue.get<Type[]>('/plugins/types');
  await expect(page.getByText(`${all.length} of ${all.length} types`)).toBeVisible();
  await page.getByLabel('Find a type by its name or by what it does').fill('bigquery query');
  const first = page.getByRole('row').nth(1);
  await expect(first).toContainText('io.kestra.plugin.gcp.bigquery.Query');
  await expect(page).toHaveURL(/q=bigquery\+query/);
  await first.getByRole('link').click();
  await expect(page).toHaveURL(/plugins\/io\.kestra\.plugin\.gcp\.bigquery\.Query$/);
  const rows = page.getByRole('region', { name: 'Properties' }).getByRole('row');
  await expect(rows.filter({ hasText: /^sql/ })).toHaveCount(1);
  await page.goBack();
  await expect(first).toContainText('io.kestra.plugin.gcp.bigquery.Query');
  await page.goto(`${segue.url}/ui/main/plugins/io.kestra.plugin.none.Such`);
  await expect(page.getByRole('alert')).toContainText('io.kestra.plugin.none.Such');
});
