// Takes pictures of every page, in both themes and at two widths, in pictures/. Some of them go to docs/ui.
import { join } from 'node:path';
import { choose, pages } from './e2e/pages';
import { expect, test } from './e2e/segue';

const LOOK = join(import.meta.dirname, '../pictures');
const DOCS = join(import.meta.dirname, '../../../../docs/ui');
/** The pictures of the documentation: page, theme, width. */
const KEPT = [
  'execution-failed-light-1366',
  'act-replay-light-1366',
  'flows-dark-1366',
  'flow-backfills-light-1366',
  'flow-edit-dark-1366',
  'execution-topology-light-1366',
  'run-light-1366',
  'execution-light-390',
  'execution-light-1366',
  'dashboard-light-1366',
  'flow-grid-light-1366',
  'types-light-1366',
];

test('pictures of every page', async ({ page, segue }) => {
  test.setTimeout(300_000);
  const all = await pages(segue);
  for (const theme of ['light', 'dark']) {
    await page.addInitScript(choose, theme);
    for (const [width, height] of [
      [1366, 768],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const { name, address, text } of all) {
        await page.goto(address);
        await expect(page.getByText(text).first()).toBeAttached();
        await page.evaluate(() => new Promise(requestAnimationFrame));
        const picture = `${name}-${theme}-${width}`;
        await page.screenshot({ path: join(LOOK, `${picture}.png`) });
        if (KEPT.includes(picture)) await page.screenshot({ path: join(DOCS, `${picture}.png`) });
      }
    }
  }
});
