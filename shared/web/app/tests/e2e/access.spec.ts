// Who may see the pages: a server with a password.
import { expect, Segue, test } from './segue';

test('U35 one password lets a browser see the page and ask the API', async ({ browser }) => {
  const segue = new Segue(['--auth', 'lena:right']);
  await segue.start();
  try {
    const refused = await fetch(`${segue.url}/ui/`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('Basic');
    const httpCredentials = { username: 'lena', password: 'right' };
    const page = await browser.newPage({ httpCredentials });
    await page.goto(`${segue.url}/ui/`);
    await expect(page.getByRole('link', { name: 'nightly_load', exact: true })).toBeVisible();
    await page.close();
  } finally {
    await segue.end();
  }
});

test('U36 a page of another origin starts nothing', async ({ segue }) => {
  const before = await segue.get<{ total: number }>('/executions/search');
  // The headers are those that a browser adds for a page of another origin. tests/browser of the command line has a
  // real page.
  const status = await fetch(`${segue.url}/api/v1/main/executions/shop/never_run`, {
    method: 'POST',
    headers: { Origin: 'http://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  }).then((answer) => answer.status);
  expect(status).toBe(403);
  expect(await segue.get('/executions/search')).toMatchObject({ total: before.total });
});

test('U30 the page has the policy that forbids inline scripts and other origins', async ({
  page,
  segue,
  complaints,
}) => {
  const answer = await page.goto(`${segue.url}/ui/`);
  expect(answer?.headers()['content-security-policy']).toContain("require-trusted-types-for 'script'");
  const refused = await page.evaluate(() => {
    const found: string[] = [];
    document.addEventListener('securitypolicyviolation', (event) => found.push(event.effectiveDirective));
    try {
      document.body.insertAdjacentHTML('beforeend', '<b>x</b>');
    } catch {
      found.push('insertAdjacentHTML');
    }
    return found;
  });
  expect(refused).toContain('insertAdjacentHTML');
  // The browser reports this refusal, and no other one.
  expect(complaints.filter((one) => !one.includes('TrustedHTML'))).toEqual([]);
  complaints.length = 0;
});
