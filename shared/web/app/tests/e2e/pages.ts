// Every page there is, for checks that hold for all of them.
import type { Segue } from './segue';

export interface Shown {
  name: string;
  address: string;
  /** A text that is there when the page is complete. */
  text: string;
}

/** Runs what the pages show, and names the pages. */
export async function pages(segue: Segue): Promise<Shown[]> {
  const done = await segue.run('shop.orders/nightly_load');
  const failed = await segue.run('shop.orders/failing_load');
  await segue.run('shop.reports/monthly');
  const ui = `${segue.url}/ui/main`;
  return [
    { name: 'flows', address: `${ui}/flows`, text: 'nightly_load' },
    { name: 'flow', address: `${ui}/flows/edit/shop.orders/nightly_load/overview`, text: 'concurrencyLimit' },
    {
      name: 'flow-source',
      address: `${ui}/flows/edit/shop.orders/nightly_load/source`,
      text: 'concurrencyLimit: 2',
    },
    { name: 'executions', address: `${ui}/executions`, text: failed.id.slice(0, 8) },
    { name: 'execution', address: segue.address(done, 'gantt'), text: 'report' },
    { name: 'execution-failed', address: segue.address(failed, 'gantt'), text: 'Open the log at line' },
    { name: 'execution-logs', address: segue.address(done, 'logs'), text: 'page 1 of 200 fetched' },
    { name: 'execution-outputs', address: segue.address(done, 'outputs'), text: 'orders.csv' },
    { name: 'execution-overview', address: segue.address(done, 'overview'), text: 'States' },
    { name: 'run', address: `${ui}/flows?run=shop.forms/all_inputs`, text: 'large' },
    { name: 'missing', address: `${ui}/nowhere`, text: 'There is no such page' },
  ].map((page) => (page.name === 'flow' ? { ...page, text: 'ForEach' } : page));
}

/** Sets the theme as a user's choice. */
export function choose(theme: string): void {
  localStorage.setItem('theme', theme);
}
