// Import of files with flows.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { violations } from './axe';
import { expect, test } from './segue';

const flow = (id: string, message = 'hello') =>
  `id: ${id}\nnamespace: import.${id}\ntasks:\n  - id: say\n    type: io.kestra.plugin.core.log.Log\n    message: ${message}\n`;
const file = (name: string, text: string) => ({
  name,
  mimeType: 'application/x-yaml',
  buffer: Buffer.from(text),
});

test('U2 J1 six files are imported with two clicks, with a report, and a broken one stops no other', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Import' }).click();
  const names = ['one', 'two', 'three', 'four', 'five'];
  const broken = flow('broken').replace('core.log.Log', 'core.log.Lgo');
  await (
    await chooser
  ).setFiles([...names.map((name) => file(`${name}.yaml`, flow(name))), file('broken.yaml', broken)]);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('row')).toHaveCount(7);
  await expect(dialog.getByRole('row', { name: /broken/ })).toContainText(/line 5.*Lgo.*SEG\d+/s);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  const isWider = await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  expect(isWider).toBe(false);
  await page.setViewportSize({ width: 1366, height: 768 });
  await dialog.getByRole('button', { name: 'Import 5 flows, skip 1 refused' }).click();
  await expect(dialog.getByText('Saved 5 flows')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).click();
  for (const name of names) {
    expect(await segue.get(`/flows/import.${name}/${name}`)).toMatchObject({ id: name, revision: 1 });
    await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
  }
  await expect(page.getByRole('link', { name: 'broken', exact: true })).toHaveCount(0);
});

test('U2 a dropped folder does the same, and says what is new, changed and unchanged', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/`);
  const folder = mkdtempSync(join(tmpdir(), 'segue-import-'));
  mkdirSync(join(folder, 'below'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  // A drop by the browser itself, because a drop that a script makes has no folders.
  const browser = await page.context().newCDPSession(page);
  const drop = async () => {
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      const data = { items: [], files: [folder], dragOperationsMask: 1 };
      await browser.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
    }
  };
  const dialog = page.getByRole('dialog');
  try {
    write('kept.yaml', flow('kept'));
    write('below/moved.yml', flow('moved'));
    write('notes.txt', 'not a flow');
    await drop();
    await dialog.getByRole('button', { name: 'Import 2 flows' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    write('below/moved.yml', flow('moved', 'changed'));
    write('new.yaml', flow('fresh'));
    await drop();
    await expect(dialog.getByRole('row', { name: /kept/ })).toContainText('unchanged');
    await expect(dialog.getByRole('row', { name: /moved/ })).toContainText('changed');
    await expect(dialog.getByRole('row', { name: /fresh/ })).toContainText('new');
    await dialog.getByRole('button', { name: 'Import 2 flows' }).click();
    await expect(dialog.getByText('Saved 2 flows')).toBeVisible();
    expect(await segue.get('/flows/import.kept/kept')).toMatchObject({ revision: 1 });
    expect(await segue.get('/flows/import.moved/moved')).toMatchObject({ revision: 2 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('U2 a drop is accepted also if the list changed under the pointer since the last move', async ({
  page,
  segue,
}) => {
  await page.goto(`${segue.url}/ui/`);
  const row = page.getByRole('row', { name: /nightly_load/ });
  await expect(row).toBeVisible();
  // After such a change the browser sends 'dragenter' alone, and drops nothing if no listener prevents the event.
  const isAccepted = await row.evaluate((target) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['id: one'], 'one.yaml'));
    const event = new DragEvent('dragenter', { bubbles: true, cancelable: true, dataTransfer });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  });
  expect(isAccepted).toBe(true);
});
