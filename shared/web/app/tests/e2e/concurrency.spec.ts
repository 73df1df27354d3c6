// The concurrency limit of a flow.
import { expect, test } from './segue';

test('U103 the queue of a flow has its order, and a release lets the first one run', async ({
  page,
  segue,
}) => {
  await segue.save(
    'id: two_wait\nnamespace: shop.queue\nconcurrency: { limit: 1, behavior: QUEUE }\ntasks:\n  - id: wait\n    type: io.kestra.plugin.core.flow.Pause\n',
  );
  const first = await segue.until('shop.queue/two_wait', 'PAUSED');
  const second = await segue.until('shop.queue/two_wait', 'QUEUED');
  const third = await segue.until('shop.queue/two_wait', 'QUEUED');
  const id = (run: { id: string }) => run.id.slice(0, 8);
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.queue/two_wait/concurrency`);
  await expect(page.getByText('At most 1 execution runs at the same time.')).toBeVisible();
  const running = page.getByRole('region', { name: 'Running' }).getByRole('row');
  const queue = page.getByRole('region', { name: 'Queue' }).getByRole('row');
  await expect(running).toHaveText([/Execution/, new RegExp(id(first))]);
  await expect(queue).toHaveText([
    /Place/,
    new RegExp(`1.*${id(second)}`, 's'),
    new RegExp(`2.*${id(third)}`, 's'),
  ]);
  await page.getByRole('button', { name: `Release ${id(third)}` }).click();
  await expect(running).toHaveText([/Execution/, new RegExp(id(first)), new RegExp(id(third))]);
  // The end of the first one gives its permit to the second one, without a click.
  await segue.resume(first.id);
  await expect(running).toHaveText([/Execution/, new RegExp(id(second)), new RegExp(id(third))]);
  await expect(page.getByText('No execution waits.')).toBeVisible();
  await segue.resume(second.id);
  await segue.resume(third.id);
});
