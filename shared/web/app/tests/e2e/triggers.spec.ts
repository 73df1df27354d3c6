// Triggers: what they do next, and what keeps them from it.
import { execFileSync } from 'node:child_process';
import { expect, test } from './segue';

interface Triggers {
  results: { triggerContext: { disabled: boolean; nextExecutionDate?: string; executionId?: string } }[];
}

function source(id: string, cron: string, more = ''): string {
  return `id: ${id}
namespace: shop.clock
tasks:
  - id: nap
    type: io.kestra.plugin.core.flow.Sleep
    duration: PT60S
triggers:
  - id: at_${id}
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "${cron}"
${more}`;
}

test('triggers are switched off and on, and the source of the flow wins', async ({ page, segue }) => {
  await segue.save(source('nine', '0 9 * * *'));
  await segue.save(source('never', '0 9 * * *', '    disabled: true\n'));
  await page.goto(`${segue.url}/ui/main/admin/triggers?filters[namespace][EQUALS]=shop.clock`);
  const row = page.getByRole('row', { name: /at_nine/ });
  await expect(row).toContainText('0 9 * * *');
  await expect(row.getByRole('switch')).toHaveAttribute('aria-checked', 'true');
  const state = async () =>
    (await segue.get<Triggers>('/triggers/search?triggerId=at_nine')).results[0]?.triggerContext;
  await row.getByRole('switch').click();
  await expect(row).toContainText('Off');
  expect((await state())?.disabled).toBe(true);
  await row.getByRole('switch').click();
  await expect(row.getByRole('switch')).toHaveAttribute('aria-checked', 'true');
  expect((await state())?.disabled).toBe(false);
  const fixed = page.getByRole('row', { name: /at_never/ });
  await expect(fixed).toContainText('Disabled in the source of the flow');
  await expect(fixed.getByRole('switch')).toBeDisabled();
});

test('U87 the agenda shows schedules at 09:00 and 10:00 in their order', async ({ page, segue }) => {
  await segue.save(source('nine', '0 9 * * *'));
  await segue.save(source('ten', '0 10 * * *'));
  await page.addInitScript(() => localStorage.setItem('zone', 'UTC'));
  await page.goto(`${segue.url}/ui/main/triggers?filters[namespace][EQUALS]=shop.clock&view=agenda`);
  const agenda = page.getByRole('list', { name: 'Next fire times' });
  const nine = agenda.locator('> li').filter({ hasText: 'at_nine' });
  const ten = agenda.locator('> li').filter({ hasText: 'at_ten' });
  await expect(nine).toContainText('09:00:00');
  await expect(ten).toContainText('10:00:00');
  await expect(agenda).not.toContainText('at_never');
});

test('U87 a trigger that waits for an execution says so, and Unlock frees it', async ({ page, segue }) => {
  test.setTimeout(120_000);
  await segue.save(source('often', '* * * * * *').replace('Schedule\n', 'Schedule\n    withSeconds: true\n'));
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.clock/often/triggers`);
  const row = page.getByRole('row', { name: /at_often/ });
  await expect(row).toContainText('Waits for an execution', { timeout: 40_000 });
  const waiting = async () =>
    (await segue.get<Triggers>('/triggers/search?triggerId=at_often')).results[0]?.triggerContext;
  const blocked = (await waiting())?.executionId;
  expect(blocked).toBeDefined();
  await row.getByRole('button', { name: 'Unlock' }).click();
  await expect.poll(async () => (await waiting())?.executionId).not.toBe(blocked);
  await row.getByRole('switch').click();
  await expect(row).toContainText('Off');
});

test('U88 the shown command calls a webhook, and starts an execution', async ({ page, segue }) => {
  await segue.save(`id: called
namespace: shop.hooks
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: "{{ trigger.body.hello }}"
triggers:
  - id: hook
    type: io.kestra.plugin.core.trigger.Webhook
    key: s3cret-key's
`);
  await page.goto(`${segue.url}/ui/main/flows/edit/shop.hooks/called/triggers`);
  const row = page.getByRole('row', { name: /hook/ });
  await row.getByText('How to call it').click();
  const command = await row.getByLabel('Command').innerText();
  execFileSync('sh', ['-c', `${command} --silent --fail-with-body`]);
  const logs = () => segue.get<{ results: { message: string }[] }>('/logs/search?flowId=called&q=world');
  await expect.poll(async () => (await logs()).results.map(({ message }) => message)).toEqual(['world']);
});
