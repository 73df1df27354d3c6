// An execution that waits at a breakpoint.
import { violations } from './axe';
import { type Execution, expect, test } from './segue';

interface Whole extends Execution {
  state: Execution['state'] & { histories: { state: string }[] };
}

test('U75 an execution at a breakpoint says where it waits, and a button lets it go on', async ({
  page,
  segue,
}) => {
  const task = (id: string) => `  - { id: ${id}, type: io.kestra.plugin.core.log.Log, message: hello }\n`;
  await segue.save(
    `id: held\nnamespace: shop.acts\ntasks:\n${task('first')}${task('second')}${task('third')}`,
  );
  const run = await segue.until('shop.acts/held?breakpoints=second,third', 'BREAKPOINT');
  await page.goto(segue.address(run, 'gantt'));
  await expect(page.locator('h1 + .state')).toHaveText(/BREAKPOINT/);
  const why = page.getByRole('region', { name: 'Why it waits' });
  await expect(why).toContainText('before second');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(why).toContainText('before third');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.locator('h1 + .state')).toHaveText(/SUCCESS/);
  await expect(why).toHaveCount(0);
  expect((await segue.get<Whole>(`/executions/${run.id}`)).state.histories.map((one) => one.state)).toEqual([
    'CREATED',
    'RUNNING',
    'BREAKPOINT',
    'RUNNING',
    'BREAKPOINT',
    'RUNNING',
    'SUCCESS',
  ]);
});
