// What holds for every page: accessible in both themes, and small enough for a narrow window.
import axe from 'axe-core';
import { choose, pages } from './pages';
import { expect, test } from './segue';

interface Violation {
  id: string;
  nodes: { html: string }[];
}

for (const theme of ['light', 'dark']) {
  test(`U29 axe finds nothing on any page, ${theme}`, async ({ page, segue }) => {
    test.setTimeout(120_000);
    await page.addInitScript(choose, theme);
    for (const { name, address, text } of await pages(segue)) {
      await page.goto(address);
      await expect(page.getByText(text).first()).toBeVisible();
      await page.evaluate(axe.source);
      const found = await page.evaluate(async () => {
        const { violations } = await (
          window as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }
        ).axe.run();
        return violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
        );
      });
      expect(found, name).toEqual([]);
    }
  });
}

test('U29 nothing is lost at a width of 320 px', async ({ page, segue }) => {
  test.setTimeout(120_000);
  await page.setViewportSize({ width: 320, height: 640 });
  for (const { name, address, text } of await pages(segue)) {
    await page.goto(address);
    await expect(page.getByText(text).first()).toBeAttached();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(320);
  }
});
