// What holds for every page: accessible in both themes, and small enough for a narrow window.
import { violations } from './axe';
import { choose, pages } from './pages';
import { expect, test } from './segue';

for (const theme of ['light', 'dark']) {
  test(`U29 axe finds nothing on any page, ${theme}`, async ({ page, segue }) => {
    test.setTimeout(120_000);
    await page.addInitScript(choose, theme);
    for (const { name, address, text } of await pages(segue)) {
      await page.goto(address);
      await expect(page.getByText(text).first()).toBeVisible();
      expect(await violations(page), name).toEqual([]);
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
