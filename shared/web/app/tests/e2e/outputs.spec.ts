// Outputs with their exact values, and the beginnings of files.
import { expect, test } from './segue';

const FILES = `id: files
namespace: shop.outputs
tasks:
  - id: make
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: { type: io.kestra.plugin.core.runner.Process }
    outputFiles: ["*.*"]
    commands:
      - printf 'z,a,z\\n1,"two\\nlines",3\\n' > twice.csv
      - for i in $(seq 1 250); do echo "$i,x" >> long.csv; done
      - printf 'name\\tn\\nx\\t1\\n' > tabs.tsv
      - printf '{"id":9007199254740993}\\n{"id":2}\\n' > rows.jsonl
      - printf '<script>document.title="run"</script><b>bold</b>' > page.html
      - printf '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>document.title="run"</script></svg>' > dot.svg
      - printf 'a\\000b\\001' > bytes.bin
      - printf 'caf\\351' > latin.txt
      - printf '# Title' > note.md
  - id: exact-numbers
    type: io.kestra.plugin.core.output.OutputValues
    values:
      big: 9007199254740993
      long: 123456789012345678
      uri: "not a file"
      code: 7
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a]
    tasks:
      - id: load
        type: io.kestra.plugin.core.debug.Return
        format: "{{ taskrun.value }}"
`;

test('U71 outputs are exact, and copied as the expression that reads them', async ({
  page,
  segue,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await segue.save(FILES);
  const run = await segue.run('shop.outputs/files');
  await page.goto(segue.address(run, 'outputs'));
  const exact = page.getByRole('region', { name: 'Outputs of exact-numbers' });
  await expect(exact).toContainText('9007199254740993');
  await expect(exact).toContainText('123456789012345678');
  await expect(exact).toContainText('not a file');
  await expect(exact.getByRole('row', { name: /^code/ })).toContainText('7');
  const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
  await exact.getByRole('button', { name: 'Copy the expression of big' }).click();
  expect(await copied()).toBe("{{ outputs['exact-numbers'].values.big }}");
  const made = page.getByRole('region', { name: 'Outputs of make' });
  await made.getByRole('button', { name: 'Copy the expression of twice.csv' }).click();
  expect(await copied()).toBe("{{ outputs.make.outputFiles['twice.csv'] }}");
  await page
    .getByRole('region', { name: /Outputs of load/ })
    .getByRole('button', { name: /expression/ })
    .click();
  expect(await copied()).toBe("{{ outputs.load['a'].value }}");
});

test('U17 a file has its exact size', async ({ page, segue }) => {
  await segue.save(FILES);
  const run = await segue.run('shop.outputs/files');
  await page.goto(segue.address(run, 'outputs'));
  const file = page
    .getByRole('list', { name: 'Files' })
    .getByRole('listitem')
    .filter({ hasText: 'twice.csv' });
  await expect(file).toContainText('22 B');
  const download = page.waitForEvent('download');
  await file.getByRole('link', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toContain('twice.csv');
});

test('U72 files are shown by their kind, and nothing of them runs', async ({ page, segue }) => {
  await segue.save(FILES);
  const run = await segue.run('shop.outputs/files');
  await page.goto(segue.address(run, 'outputs'));
  const list = page.getByRole('list', { name: 'Files' });
  const dialog = page.getByRole('dialog');
  const open = async (name: string): Promise<void> => {
    await list.getByRole('listitem').filter({ hasText: name }).getByRole('link', { name: 'Preview' }).click();
    await expect(dialog.getByRole('heading', { name })).toBeVisible();
  };
  const close = (): Promise<void> => dialog.getByRole('button', { name: 'Close' }).click();

  await open('twice.csv');
  await expect(page).toHaveURL(/file=kestra/);
  await expect(dialog.getByRole('columnheader')).toHaveText(['#', 'z', 'a', 'z']);
  await expect(dialog.getByRole('cell')).toHaveText(['1', '1', 'two\nlines', '3']);
  await page.reload();
  await expect(dialog.getByRole('columnheader').nth(1)).toHaveText('z');
  await close();

  await open('long.csv');
  // The first line names the columns.
  await expect(dialog.getByRole('row').nth(1)).toContainText('2');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByRole('row').nth(1)).toContainText('102');
  await dialog.getByRole('button', { name: 'Next' }).click();
  await expect(dialog.getByRole('row').last()).toContainText('250');
  await expect(dialog.getByRole('button', { name: 'Next' })).toBeDisabled();
  await close();

  for (const [name, text] of [
    ['tabs.tsv', 'name'],
    ['rows.jsonl', '"id": 9007199254740993'],
    ['page.html', '<script>document.title="run"</script><b>bold</b>'],
    ['bytes.bin', '00000000  61 00 62 01'],
    ['note.md', 'Title'],
  ] as const) {
    await open(name);
    await expect(dialog).toContainText(text);
    await close();
  }
  await open('latin.txt');
  await dialog.getByLabel('Encoding').selectOption('ISO-8859-1');
  await expect(dialog).toContainText('café');
  await close();
  await open('dot.svg');
  await expect(dialog.getByRole('img', { name: 'Content of dot.svg' })).toBeVisible();
  await expect(page).not.toHaveTitle('run');
});

test('U73 an expression is tried with the values of the execution', async ({ page, segue }) => {
  await segue.save(FILES);
  const run = await segue.run('shop.outputs/files');
  await page.goto(segue.address(run, 'outputs'));
  await page.getByText('Try an expression').click();
  const field = page.getByLabel('Expression', { exact: true });
  const result = page.getByLabel('Result');
  await field.fill("{{ outputs['exact-numbers'].values.code + 1 }} {{ flow.id | upper }}");
  await page.getByRole('button', { name: 'Evaluate' }).click();
  await expect(result).toHaveText('8 FILES');
  await field.fill('{{ nothing.like.this | upper( }}');
  await page.keyboard.press('Control+Enter');
  await expect(result).toHaveClass(/wrong/);
  await page.getByLabel('As read by').selectOption({ label: 'load [a]' });
  await field.fill('{{ taskrun.value }}');
  await page.keyboard.press('Control+Enter');
  await expect(result).toHaveText('a');
});
