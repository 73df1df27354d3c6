// The KV store, and the keys of a namespace.
import { expect, test } from './segue';

interface Value {
  type: string;
  value: unknown;
}
const ACCOUNT = {
  type: 'service_account',
  project_id: 'taxi',
  private_key_id: 'abc',
  private_key: '-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n',
  client_email: 'segue@taxi.iam.gserviceaccount.com',
};

test('U3 a pasted service account stays JSON, and is known as a key', async ({ page, segue }) => {
  await page.goto(`${segue.url}/ui/main/kv`);
  await page.getByRole('button', { name: 'New key' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await dialog.getByLabel('Namespace').fill('pasted.keys');
  await dialog.getByLabel('Key', { exact: true }).fill('GCP_CREDS');
  await dialog.getByLabel('Value', { exact: true }).fill('{"type": "service_account",');
  await expect(dialog.getByRole('alert')).toContainText('not valid JSON');
  await dialog.getByLabel('Value', { exact: true }).fill(JSON.stringify(ACCOUNT, null, 2));
  await expect(dialog.getByRole('status').first()).toHaveText('JSON');
  await expect(dialog.getByRole('note')).toContainText('segue@taxi.iam.gserviceaccount.com');
  await dialog.getByLabel('Description').fill('für die Tests');
  await dialog.getByLabel('Expires').selectOption('P1D');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('status').filter({ hasText: 'GCP_CREDS is saved as JSON.' })).toBeVisible();
  const stored = await segue.get<Value>('/namespaces/pasted.keys/kv/GCP_CREDS');
  expect([stored.type, stored.value]).toEqual(['JSON', ACCOUNT]);
  const row = page.getByRole('row', { name: /GCP_CREDS of pasted/ });
  await expect(row).toContainText('für die Tests');
  await expect(row).not.toContainText('never');
});

test('U4 keys are sorted by each column, found, and deleted together', async ({ page, segue }) => {
  for (const key of ['b', 'a', 'd', 'c', 'g', 'f', 'e']) await segue.setKey('seven', key, `"${key}"`);
  await page.goto(`${segue.url}/ui/main/kv?filters[namespace][EQUALS]=seven`);
  const keys = page.getByRole('button', { name: /^Edit / });
  await expect(keys).toHaveCount(7);
  await page.getByRole('button', { name: 'Key', exact: true }).click();
  await expect(keys).toHaveText(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  await page.getByRole('button', { name: 'Updated' }).click();
  await expect(keys).toHaveText(['b', 'a', 'd', 'c', 'g', 'f', 'e']);
  for (const name of ['Namespace', 'Created', 'Expires']) {
    await page.getByRole('button', { name, exact: true }).click();
    await expect(keys).toHaveCount(7);
  }
  await page.getByLabel('Choose a of seven').check();
  await page.getByLabel('Choose f of seven').check();
  await page.getByRole('button', { name: 'Delete 2…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete 2 keys?' });
  await expect(dialog.getByRole('listitem')).toHaveText([/^a/, /^f/]);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(keys).toHaveCount(5);
  const left = await segue.get<{ key: string }[]>('/namespaces/seven/kv');
  expect(left.map(({ key }) => key).sort()).toEqual(['b', 'c', 'd', 'e', 'g']);
});

test('U93 a value is changed without a change of its type, and a large number stays exact', async ({
  page,
  segue,
}) => {
  await segue.setKey('typed', 'id', '9007199254740993');
  await segue.setKey('typed', 'digits', '"12"');
  await segue.setKey('typed', 'since', '2024-01-31');
  await page.goto(`${segue.url}/ui/main/kv?filters[namespace][EQUALS]=typed`);
  const kinds: [string, string, string][] = [
    ['id', '9007199254740993', 'NUMBER'],
    ['digits', '12', 'STRING'],
    ['since', '2024-01-31', 'DATE'],
  ];
  for (const [key, text, kind] of kinds) {
    await page.getByRole('button', { name: `Edit ${key}` }).click();
    const dialog = page.getByRole('dialog', { name: `Change ${key}` });
    await expect(dialog.getByLabel('Value', { exact: true })).toHaveValue(text);
    await expect(dialog.getByRole('status').first()).toHaveText(kind);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status').filter({ hasText: `${key} is saved as ${kind}.` })).toBeVisible();
  }
  const raw = await fetch(`${segue.url}/api/v1/main/namespaces/typed/kv/id`);
  expect(await raw.text()).toContain('9007199254740993');
});

test('U19 a key of the namespace above is shown as inherited, and a hidden one says by which', async ({
  page,
  segue,
}) => {
  await segue.setKey('music', 'token', '"up"');
  await segue.setKey('music', 'mode', '"up"');
  await segue.setKey('music.ingestion', 'mode', '"own"');
  await page.goto(`${segue.url}/ui/main/namespaces/edit/music.ingestion/kv`);
  const above = page.getByRole('region', { name: 'Inherited keys' });
  await expect(above.getByRole('row', { name: /token/ })).toContainText('music');
  await expect(above.getByRole('row', { name: /mode/ })).toContainText(
    'hidden by the key of music.ingestion',
  );
  await expect(page.getByRole('button', { name: 'Edit mode' })).toBeVisible();
});
