// The Gantt chart of executions with retries and pauses.
import { expect, test, type Execution } from './segue';

const RETRIED = `id: tried_again
namespace: shop.retry
tasks:
  - id: quick
    type: io.kestra.plugin.core.log.Log
    message: x
  - id: flaky
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: { type: io.kestra.plugin.core.runner.Process }
    retry: { type: constant, interval: PT3S, maxAttempts: 3 }
    commands:
      - echo "this is attempt {{ taskrun.attemptsCount }}"
      - exit 1
`;

interface Attempts extends Omit<Execution, 'taskRunList'> {
  taskRunList: {
    id: string;
    taskId: string;
    attempts: { state: { histories: { state: string; date: string }[] } }[];
  }[];
}

test('U62 the wait for a retry is drawn with its due time, and idle time is cut out of the axis', async ({
  page,
  segue,
}) => {
  await segue.save(RETRIED);
  const run = await segue.run('shop.retry/tried_again', {}, false);
  await page.addInitScript(() => localStorage.setItem('zone', 'UTC'));
  await page.goto(segue.address(run, 'gantt'));
  const row = page.getByRole('treeitem', { name: /^flaky/ });
  await expect(row).toContainText('next try at');
  const [shown] = /\d\d:\d\d:\d\d/.exec(await row.innerText()) ?? [];
  await expect(page.getByText('FAILED', { exact: true }).first()).toBeVisible({ timeout: 30_000 });
  const { taskRunList } = await segue.get<Attempts>(`/executions/${run.id}`);
  const attempts = taskRunList.find(({ taskId }) => taskId === 'flaky')?.attempts ?? [];
  expect(attempts).toHaveLength(3);
  // The promise is three seconds after the end of an attempt, in whole seconds.
  const due = attempts.map(({ state }) =>
    new Date(Date.parse(state.histories.at(-1)?.date ?? '') + 3_000).toISOString().slice(11, 19),
  );
  expect(due).toContain(shown);
  await expect(row).not.toContainText('next try at');
  // Two waits of 3 s are longer than all work, so both are cut and said.
  await expect(page.getByText(/s cut$/)).toHaveCount(2);
});

test('U69 each attempt is a tab, and its log is shown alone', async ({ page, segue }) => {
  await segue.save(RETRIED.replaceAll('tried_again', 'tabs').replace('PT3S', 'PT0.1S'));
  const run = await segue.run('shop.retry/tabs');
  await page.goto(segue.address(run, 'gantt'));
  await page.getByRole('treeitem', { name: /^flaky/ }).click();
  const tabs = page.getByRole('group', { name: 'Attempts' });
  await expect(tabs.getByRole('button')).toHaveText([/Attempt 3/, /Attempt 2/, /Attempt 1/, 'All attempts']);
  const log = page.getByRole('region', { name: 'Log', exact: true });
  await expect(log.getByText('this is attempt')).toHaveCount(3);
  await tabs.getByRole('button', { name: /Attempt 2/ }).click();
  await expect(log.getByText('this is attempt')).toHaveCount(1);
  await expect(log).toContainText('this is attempt 1');
  await expect(page).toHaveURL(/attempt=2/);
  await page.reload();
  await expect(log).toContainText('this is attempt 1');
  await expect(log.getByText('this is attempt')).toHaveCount(1);
  const address = await page.getByRole('link', { name: 'Download' }).getAttribute('href');
  const text = await (await fetch(`${segue.url}${address}`)).text();
  expect(text).toContain('this is attempt 1');
  expect(text).not.toContain('this is attempt 2');
});
