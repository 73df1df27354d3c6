// The dependencies between flows.
import { violations } from './axe';
import { expect, test } from './segue';

const caller = (id: string, called: string) => `id: ${id}
namespace: depends
tasks:
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    namespace: depends
    flowId: ${called}
`;

test('U95 a flow that is called and does not exist is red, and the table says the same', async ({
  page,
  segue,
}) => {
  await segue.save(caller('first_step', 'second_step'));
  await segue.save(caller('second_step', 'was_never_written'));
  await page.goto(`${segue.url}/ui/main/flows/edit/depends/first_step/dependencies`);
  const graph = page.getByRole('region', { name: 'Dependencies' });
  await expect(graph.getByRole('link')).toHaveText(['first_step', 'second_step']);
  const missing = graph.getByText('was_never_written');
  await expect(missing).toHaveCSS('color', 'rgb(196, 39, 28)');
  await expect(page.getByText('One flow that is called or waited for does not exist.')).toBeVisible();
  const left = async (text: string) => (await graph.getByText(text, { exact: true }).boundingBox())?.x ?? 0;
  expect(await left('first_step')).toBeLessThan(await left('second_step'));
  expect(await left('second_step')).toBeLessThan(await left('was_never_written'));
  expect(await violations(page)).toEqual([]);

  await page.getByRole('button', { name: 'Table' }).click();
  await expect(page).toHaveURL(/view=table/);
  const rows = page.getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(2)).toHaveText(
    /depends\.second_step\s*calls\s*depends\.was_never_written does not exist/,
  );

  await page.goto(`${segue.url}/ui/main/namespaces/edit/depends/dependencies`);
  await expect(graph.getByRole('link')).toHaveText(['first_step', 'second_step']);
  await graph.getByRole('link', { name: 'second_step' }).click();
  await expect(page).toHaveURL(/flows\/edit\/depends\/second_step\/dependencies$/);
});
