// The dashboard: what needs somebody, what runs, what comes next.
import { expect, test } from './segue';

test('U90 a failure needs attention until a restart succeeds, and numbers lead to what they count', async ({
  page,
  segue,
}) => {
  const set = (value: string): Promise<Response> =>
    fetch(`${segue.url}/api/v1/main/namespaces/shop.board/kv/is_well`, { method: 'PUT', body: `"${value}"` });
  await set('no');
  await segue.save(`id: flaky
namespace: shop.board
tasks:
  - id: maybe
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ kv('is_well') == 'no' }}"
`);
  const failed = await segue.run('shop.board/flaky');
  await page.goto(`${segue.url}/ui/main/dashboards`);
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention.getByRole('link', { name: 'flaky', exact: true })).toBeVisible();
  const { total } = await segue.get<{ total: number }>(
    '/executions/search?size=1&filters[state][IN]=FAILED,KILLED,WARNING',
  );
  const card = page.getByRole('link', { name: /^Failure ratio/ });
  await expect(card).toContainText(`${total} of`);
  await card.click();
  await expect(page.getByText(new RegExp(`of ${total} executions`))).toBeVisible();
  await page.goBack();

  await set('yes');
  await attention.getByRole('link', { name: 'Restart flaky' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Restart/ })
    .click();
  await expect
    .poll(
      async () => (await segue.get<{ state: { current: string } }>(`/executions/${failed.id}`)).state.current,
    )
    .toBe('SUCCESS');
  await page.goto(`${segue.url}/ui/main/dashboards`);
  await expect(page.getByRole('region', { name: 'Next' })).toBeVisible();
  await expect(attention.getByRole('link', { name: 'flaky', exact: true })).toHaveCount(0);
});

test('what runs is on the dashboard, and leaves it', async ({ page, segue }) => {
  const run = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  await page.goto(`${segue.url}/ui/main/dashboards`);
  const running = page.getByRole('region', { name: 'Running now' });
  await expect(running).toContainText('waits_for_a_person');
  await segue.resume(run.id);
  await expect
    .poll(
      async () => (await segue.get<{ state: { current: string } }>(`/executions/${run.id}`)).state.current,
    )
    .toBe('SUCCESS');
  await page.reload();
  await expect(page.getByRole('region', { name: 'Next' })).toBeVisible();
  await expect(running).not.toContainText(run.id);
});
