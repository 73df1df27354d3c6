// What axe finds on a page as it is now.
import type { Page } from '@playwright/test';
import axe from 'axe-core';

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/** The violations of all rules, each with the elements that have it. */
export async function violations(page: Page): Promise<string[]> {
  return found(page, {});
}

/** The texts with colours that differ too little. */
export async function contrasts(page: Page): Promise<string[]> {
  return found(page, { runOnly: ['color-contrast'] });
}

async function found(page: Page, options: axe.RunOptions): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async (options) => {
    const { violations } = await (
      window as unknown as {
        axe: { run: (options: axe.RunOptions) => Promise<{ violations: Violation[] }> };
      }
    ).axe.run(options);
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  }, options);
}
