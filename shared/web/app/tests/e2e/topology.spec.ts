// The topology of a flow, and of an execution.
import { expect, test, type Segue } from './segue';

const SHAPES = `id: shapes
namespace: shop.shape
inputs:
  - id: taxi
    type: STRING
    defaults: yellow
tasks:
  - id: set_label
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.taxi }}"
  - id: if_yellow
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.taxi == 'yellow' }}"
    then:
      - id: yellow_table
        type: io.kestra.plugin.core.log.Log
        message: yellow
    else:
      - id: green_table
        type: io.kestra.plugin.core.log.Log
        message: green
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c, d]
    tasks:
      - id: load
        type: io.kestra.plugin.core.debug.Return
        format: "{{ taskrun.value }}"
errors:
  - id: alert
    type: io.kestra.plugin.core.log.Log
    message: failed
triggers:
  - id: monthly
    type: io.kestra.plugin.core.trigger.Schedule
    cron: 0 9 1 * *
    disabled: true
`;

function flowPage(segue: Segue, tab: string): string {
  return `${segue.url}/ui/main/flows/edit/shop.shape/shapes/${tab}`;
}

test('U15 the topology has the tasks of the flow in their order and branches, and leads to the source', async ({
  page,
  segue,
}) => {
  await segue.save(SHAPES);
  await page.goto(flowPage(segue, 'topology'));
  const topology = page.getByRole('region', { name: 'Topology' });
  await expect(topology.locator('[data-task]')).toHaveCount(7);
  const ids = await topology
    .locator('[data-task]')
    .evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-task')));
  expect(ids).toEqual(['set_label', 'if_yellow', 'yellow_table', 'green_table', 'each', 'load', 'alert']);
  const inside = (lane: string): Promise<(string | null)[]> =>
    topology
      .locator(`[data-lane="${lane}"] [data-task]`)
      .evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-task')));
  expect(await inside('then')).toEqual(['yellow_table']);
  expect(await inside('else')).toEqual(['green_table']);
  expect(await inside('errors')).toEqual(['alert']);
  await expect(topology.getByRole('list', { name: 'Triggers' })).toContainText('monthly');
  // Left to right: each task is right of the one before it. Downwards: below it.
  const box = async (id: string) => {
    const found = await topology.locator(`[data-task="${id}"]`).boundingBox();
    if (!found) throw new Error(id);
    return found;
  };
  expect((await box('if_yellow')).x).toBeGreaterThan((await box('set_label')).x);
  await page.getByRole('button', { name: 'Top to bottom' }).click();
  await expect(page).toHaveURL(/direction=down/);
  expect((await box('if_yellow')).y).toBeGreaterThan((await box('set_label')).y);
  expect((await box('if_yellow')).x).toBeCloseTo((await box('set_label')).x, 0);
  await topology.getByRole('link', { name: 'green_table' }).click();
  await expect(page).toHaveURL(/\/edit#L19$/);
  await expect(page.locator('.cm-line.marked')).toContainText('green_table');
});

test('U65 a loop is drawn once with its iterations, and a branch that was not taken is said', async ({
  page,
  segue,
}) => {
  await segue.save(SHAPES);
  const run = await segue.run('shop.shape/shapes');
  await page.goto(segue.address(run, 'topology'));
  const topology = page.getByRole('region', { name: 'Topology' });
  await expect(topology.locator('[data-task=load]')).toHaveCount(1);
  await expect(topology.getByRole('list', { name: 'Iterations of load' })).toContainText('4');
  await expect(topology.locator('[data-task=yellow_table]')).toHaveAttribute('data-state', 'SUCCESS');
  await expect(topology.locator('[data-task=green_table]')).toContainText('not run');
  await expect(topology.locator('[data-lane=else]')).toContainText('not taken');
  await expect(topology.locator('[data-lane=errors]')).toContainText('not taken');
  await topology.getByRole('link', { name: 'yellow_table' }).click();
  await expect(page).toHaveURL(/\/gantt\?taskRun=/);
  await expect(page.getByRole('region', { name: 'Log', exact: true })).toContainText('yellow');
});

test('U65 the states are live', async ({ page, segue }) => {
  const run = await segue.until('shop.orders/waits_for_a_person', 'PAUSED');
  await page.goto(segue.address(run, 'topology'));
  const topology = page.getByRole('region', { name: 'Topology' });
  await expect(topology.locator('[data-state=PAUSED]').first()).toBeVisible();
  await segue.resume(run.id);
  await expect(topology.locator('[data-state=PAUSED]')).toHaveCount(0);
});
