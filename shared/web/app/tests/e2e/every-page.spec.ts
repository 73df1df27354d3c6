// What holds for every page: accessible in both themes, and small enough for a narrow window.
import { contrasts, violations } from './axe';
import { pages } from './pages';
import { expect, test } from './segue';

test('U29 axe finds nothing on any page, in each theme, and nothing is lost at a width of 320 px', async ({
  page,
  segue,
}) => {
  test.setTimeout(600_000);
  const size = page.viewportSize() ?? { width: 1366, height: 768 };
  for (const { name, address, text } of await pages(segue)) {
    // The pages follow the system's theme, since nobody has chosen one.
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(address);
    await expect(page.getByText(text).first()).toBeVisible();
    expect(await violations(page), name).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    // Nothing but the colours differs in the other theme.
    expect(await contrasts(page), `${name}, dark`).toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await expect.poll(width, name).toBeLessThanOrEqual(320);
    await page.setViewportSize(size);
  }
});
