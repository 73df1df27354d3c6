// Acts on several executions, and two of them compared.
import { expect, test, type Execution, type Segue } from './segue';

const SOURCE = `id: many
namespace: shop.bulk
inputs:
  - id: city
    type: STRING
    defaults: Lisbon
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: "{{ inputs.city }}"
`;

async function stateOf(segue: Segue, id: string): Promise<string> {
  return (await segue.get<Execution>(`/executions/${id}`)).state.current;
}

test('U89 several executions are killed and deleted, and those that do not allow it are left out', async ({
  page,
  segue,
}) => {
  await segue.save(SOURCE);
  const done = await segue.run('shop.bulk/many');
  const first = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  const second = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  await page.goto(`${segue.url}/ui/main/executions`);
  for (const { id } of [done, first, second]) await page.getByLabel(`Choose ${id.slice(0, 8)}`).check();
  const bar = page.getByRole('group', { name: 'Chosen executions' });
  await expect(bar).toContainText('3 chosen');
  await bar.getByRole('button', { name: 'Kill 2…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Kill 2 executions' });
  await expect(dialog).toContainText('1 of the chosen does not allow this in its state.');
  await dialog.getByRole('button', { name: 'Kill 2' }).click();
  await expect(page.getByText('Kill: 2 executions')).toBeVisible();
  for (const { id } of [first, second]) await expect.poll(() => stateOf(segue, id)).toBe('KILLED');
  expect(await stateOf(segue, done.id)).toBe('SUCCESS');

  await page.getByLabel(`Choose ${first.id.slice(0, 8)}`).check();
  await bar.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 1' }).click();
  await expect(page.getByText('Delete: 1 execution')).toBeVisible();
  await expect(page.getByLabel(`Choose ${first.id.slice(0, 8)}`)).toHaveCount(0);
  expect((await fetch(`${segue.url}/api/v1/main/executions/${first.id}`)).status).toBe(404);
});

test('U89 everything that matches the filters is deleted, and nothing else', async ({ page, segue }) => {
  await segue.save(SOURCE.replace('id: many', 'id: several'));
  for (let at = 0; at < 4; at++) await segue.run('shop.bulk/several');
  const other = await segue.run('shop/text_log');
  await page.goto(`${segue.url}/ui/main/executions?filters[flowId][EQUALS]=several&size=2`);
  await page.getByLabel('Choose all on this page').check();
  await page.getByRole('button', { name: 'Choose all 4 that match' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 4' }).click();
  await expect(page.getByText('No execution matches the filters.')).toBeVisible();
  const left = await segue.get<{ total: number }>('/executions/search?filters[flowId][EQUALS]=several');
  expect(left.total).toBe(0);
  expect(await stateOf(segue, other.id)).toBe('SUCCESS');
});

test('U79 two executions are compared: inputs, tasks and durations', async ({ page, segue }) => {
  await segue.save(SOURCE);
  const left = await segue.run('shop.bulk/many', { city: 'Porto' });
  const right = await segue.run('shop.bulk/many', { city: 'Faro' });
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.bulk/many/executions`);
  await page.getByLabel(`Choose ${left.id.slice(0, 8)}`).check();
  await page.getByLabel(`Choose ${right.id.slice(0, 8)}`).check();
  await page.getByRole('button', { name: 'Compare' }).click();
  const dialog = page.getByRole('dialog', { name: 'Compare two executions' });
  const city = dialog.getByRole('row', { name: /city/ });
  await expect(city).toContainText('Porto');
  await expect(city).toContainText('Faro');
  await expect(city).toHaveAttribute('data-same', 'false');
  await expect(dialog.getByRole('row', { name: /state/ })).toHaveAttribute('data-same', 'true');
  await expect(dialog.getByRole('row', { name: /say/ })).toContainText('SUCCESS');
  await dialog.getByLabel('Only what differs').check();
  await expect(dialog.getByRole('row', { name: /^Execution state/ })).toHaveCount(0);
});
