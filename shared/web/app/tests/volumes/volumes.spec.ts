// The pages with 5,000 flows, 100,000 executions, 10,000 task runs and a log of 1,000,000 lines: what they take, and that
// they stay right. Prints each figure next to its goal. VOLUMES=0.1 makes a tenth of everything.
import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grouped } from '../../src/lib/format/number';
import { expect, type Running, Segue, test as base } from '../e2e/segue';

const part = Number(process.env['VOLUMES'] ?? 1);
const COUNTS = {
  flows: Math.round(5_000 * part),
  executions: Math.round(100_000 * part),
  taskRuns: Math.round(10_000 * part),
  lines: Math.round(1_000_000 * part),
};
/** A day is at most so much slower than the goal before the test fails: the goals are for a warm machine without others. */
const SLACK = Number(process.env['SLACK'] ?? 4);

const test = base.extend<object, { running: Running }>({
  running: [
    async ({}, use) => {
      const segue = new Segue();
      const began = performance.now();
      await segue.fixture([
        ...['--flows', String(COUNTS.flows), '--executions', String(COUNTS.executions)],
        ...['--task-runs', String(COUNTS.taskRuns), '--lines', String(COUNTS.lines)],
      ]);
      console.log(`figure | written through the ports | ${Math.round(performance.now() - began)} ms |`);
      await segue.start();
      await use({ file: import.meta.filename, segue });
      await segue.end();
    },
    { scope: 'worker', timeout: 600_000 },
  ],
});

/** Prints a figure, and fails if it is far from its goal. */
function figure(name: string, value: number, goal: number, unit = 'ms'): void {
  console.log(`figure | ${name} | ${Math.round(value)} ${unit} | goal ${goal} ${unit}`);
  expect(value, name).toBeLessThan(goal * SLACK);
}

/** What a page shows when it is ready: an element, and a text in it. */
interface There {
  css: string;
  text?: string;
}

/** The middle of some figures. */
function middle(found: number[]): number {
  return found.sort((one, other) => one - other)[Math.floor(found.length / 2)] ?? 0;
}

/** The wall clock in ms, which the page and the test share. */
const now = (): number => performance.timeOrigin + performance.now();

/**
 * When a page shows something, on the wall clock. The page looks at each of its frames. An assertion of Playwright would
 * look after 20, 70, 170, 270, 770 ms and so on, and the wait would be part of the figure.
 */
async function seen(page: Page, there: There): Promise<number> {
  const found = await page.waitForFunction(
    ({ css, text }: There) => {
      const isSeen = [...document.querySelectorAll(css)].some(
        (element) => element.checkVisibility() && (!text || element.textContent.includes(text)),
      );
      return isSeen && performance.timeOrigin + performance.now();
    },
    there,
    { polling: 'raf' },
  );
  return (await found.jsonValue()) || 0;
}

/** Opens an address in an empty tab, and measures until something is there, in the middle of five visits. */
async function measured(page: Page, address: string, there: There): Promise<number> {
  const found: number[] = [];
  for (let visit = 0; visit < 5; visit += 1) {
    await page.goto('about:blank');
    const began = now();
    await page.goto(address, { waitUntil: 'commit' });
    found.push((await seen(page, there)) - began);
  }
  return middle(found);
}

/** Goes to an address by a click in a page that is open, and measures until something is there. */
async function clicked(page: Page, address: string, there: There): Promise<number> {
  const found: number[] = [];
  for (let visit = 0; visit < 5; visit += 1) {
    await page.goto(`${new URL(address).origin}/ui/main/nowhere`);
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    // The first click loads the program of the page, so the second one is what people see all day.
    for (const isMeasured of [false, true]) {
      const began = await page.evaluate((to) => {
        const link = document.createElement('a');
        link.href = to;
        document.querySelector('main')?.append(link);
        const began = performance.timeOrigin + performance.now();
        link.click();
        return began;
      }, address);
      const end = await seen(page, there);
      if (isMeasured) found.push(end - began);
      else await page.goBack();
    }
  }
  return middle(found);
}

/** Measures a page by its address, and by a click. The goal is for both. */
async function both(page: Page, name: string, address: string, there: There, goal: number): Promise<void> {
  figure(`${name}: click`, await clicked(page, address, there), goal);
  figure(`${name}: whole load`, await measured(page, address, there), goal);
}

/** Acts, and measures until something is there. */
async function after(act: () => Promise<unknown>, isThere: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await act();
  await isThere();
  return performance.now() - began;
}

/** The heap of the page after a collection, in MB. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

/** The largest time between two frames while a box scrolls to its end, in ms. */
function scroll(page: Page, selector: string): Promise<{ worst: number; rate: number }> {
  return page.evaluate(async (place) => {
    const box = document.querySelector(place);
    if (!box) throw new Error(`nothing is at ${place}`);
    const frames: number[] = [];
    let last = performance.now();
    const steps = 60;
    for (let step = 1; step <= steps; step += 1) {
      box.scrollTop = (step / steps) * (box.scrollHeight - box.clientHeight);
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - last);
      last = now;
    }
    const sum = frames.reduce((all, one) => all + one, 0);
    return { worst: Math.max(...frames), rate: (1000 * frames.length) / sum };
  }, selector);
}

test('U37 5,000 flows: a page, namespaces by level, and all of them in a zip', async ({ page, segue }) => {
  test.skip(part < 0.05, 'fewer flows say nothing');
  const list = `${segue.url}/ui/main/flows`;
  const filters = '?filters[namespace][PREFIX]=volume';
  // What a load costs before a page asks for anything.
  const nowhere: There = { css: 'h1', text: 'There is no such page' };
  figure('a page without data', await measured(page, `${segue.url}/ui/main/nowhere`, nowhere), 250);
  await both(page, '5,000 flows', `${list}${filters}`, { css: 'tbody a', text: 'flow_00000' }, 500);
  await expect(page.getByRole('link', { name: 'flow_00000', exact: true })).toBeVisible();
  await expect(page.getByText(`of ${grouped(COUNTS.flows)} flows`)).toBeVisible();
  const namespace = page.getByLabel('Namespace', { exact: true });
  // More than a hundred namespaces: a level at a time.
  await expect(namespace.locator('option', { hasText: 'volume.team3' })).toHaveCount(1);
  await expect(namespace.locator('option', { hasText: 'volume.team3.area4' })).toHaveCount(0);
  await namespace.selectOption('volume.team3');
  await expect(namespace.locator('option', { hasText: 'volume.team3.area4' })).toHaveCount(1);
  await expect(page.getByText(`of ${grouped(COUNTS.flows / 10)} flows`)).toBeVisible();
  await page.goBack();
  await expect(page.getByText(`of ${grouped(COUNTS.flows)} flows`)).toBeVisible();
  await page.getByRole('checkbox', { name: 'Choose all on this page' }).check();
  await page.getByRole('button', { name: /^Choose all .* that match$/ }).click();
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Export / }).click();
  const folder = mkdtempSync(join(tmpdir(), 'segue-zip-'));
  const zip = join(folder, 'flows.zip');
  await (await file).saveAs(zip);
  const names = execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trim().split('\n');
  expect(names).toHaveLength(COUNTS.flows);
  rmSync(folder, { recursive: true });
});

test('U64 an execution with 10,000 task runs is usable at once, and scrolls', async ({ page, segue }) => {
  const { wide = '' } = segue.made;
  let bytes = 0;
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const address = `${segue.url}/ui/main/executions/volume/wide/${wide}/gantt`;
  const row: There = { css: '[role=treeitem]', text: 'load_part' };
  figure('10,000 task runs: usable', await measured(page, address, row), 1_500);
  figure('10,000 task runs: bytes of a visit', bytes / 5 / 1e3, 400, 'kB');
  await expect(page.getByRole('treeitem', { name: /^load_part/ }).first()).toBeVisible();
  await expect(page.getByRole('treeitem').first()).toHaveAttribute('aria-setsize', String(COUNTS.taskRuns));
  const { worst, rate } = await scroll(page, '.gantt .scroll');
  console.log(
    `figure | 10,000 task runs: frames while it scrolls | ${Math.round(rate)} a second | goal 50 a second`,
  );
  figure('10,000 task runs: longest frame while it scrolls', worst, 100);
  figure('10,000 task runs: heap', await heap(page), 150, 'MB');
  await page.getByRole('treeitem').first().focus();
  const loop = page.getByRole('treeitem', { name: /^each/ });
  await page.locator('.gantt .scroll').evaluate((box) => (box.scrollTop = 0));
  figure(
    '10,000 task runs: fold',
    await after(
      () => loop.press('ArrowLeft'),
      () => expect(page.getByRole('treeitem')).toHaveCount(1),
    ),
    200,
  );
});

test('U66 a log of 1,000,000 lines: first lines, end, a link, a search, and the whole as a file', async ({
  page,
  segue,
}) => {
  const { long = '' } = segue.made;
  const address = `${segue.url}/ui/main/executions/volume/long/${long}/logs`;
  const log = page.getByRole('region', { name: 'Log', exact: true });
  const has = (text: string) => () => expect(log).toContainText(text);
  const last = COUNTS.lines;
  const shown = (text: string): There => ({ css: '[role=region][aria-label=Log]', text });
  await both(page, '1,000,000 lines: first screen', address, shown(`line ${last - 1_999}`), 600);
  await log.focus();
  figure('1,000,000 lines: Home', await after(() => page.keyboard.press('Home'), has('line 1:')), 300);
  figure('1,000,000 lines: End', await after(() => page.keyboard.press('End'), has(`line ${last}`)), 300);
  const far = Math.round(last * 0.84312);
  figure('1,000,000 lines: a link', await measured(page, `${address}#L${far}`, shown(`line ${far}`)), 1_000);
  await expect(page.locator('li.marked')).toContainText(`line ${far}`);
  const hits = Math.floor(last / 997);
  const field = page.getByRole('searchbox', { name: 'Find in the log' });
  figure(
    '1,000,000 lines: search on the server',
    await after(
      () => field.fill('the needle'),
      () => expect(page.getByText(`1 of ${grouped(hits)}`)).toBeVisible(),
    ),
    2_250,
  );
  figure('1,000,000 lines: heap', await heap(page), 120, 'MB');
  const file = `${segue.url}${await page.getByRole('link', { name: 'Download' }).getAttribute('href')}`;
  const folder = mkdtempSync(join(tmpdir(), 'segue-log-'));
  const path = join(folder, 'log');
  const began = performance.now();
  writeFileSync(path, Buffer.from(await (await fetch(file)).arrayBuffer()));
  figure('1,000,000 lines: download', performance.now() - began, 20_000);
  const text = readFileSync(path, 'utf8');
  expect(text.split('\n')).toHaveLength(last + 1);
  expect(text.endsWith(`orders.parquet is loaded\n`) || text.endsWith('needle\n')).toBe(true);
  rmSync(folder, { recursive: true });
});

test('U89 100,000 executions: pages, a label, the board, and the search over all logs', async ({
  page,
  segue,
}) => {
  const list = `${segue.url}/ui/main/executions`;
  const row: There = { css: 'tbody tr' };
  await both(page, '100,000 executions: first page', list, row, 400);
  const at = Math.floor(COUNTS.executions / 50);
  figure(`100,000 executions: page ${at}`, await measured(page, `${list}?page=${at}`, row), 800);
  const label = `${list}?filters[labels][EQUALS][batch]=7`;
  await both(page, '100,000 executions: a label', label, row, 400);
  const { total } = await segue.get<{ total: number }>('/executions/search?size=1&labels=batch:7');
  await expect(page.getByText(`of ${grouped(total)} executions`)).toBeVisible();
  const failed = `${list}?filters[state][IN]=FAILED`;
  await both(page, '100,000 executions: a state', failed, row, 400);
  const board = `${segue.url}/ui/main/dashboards?range=30d`;
  const sums: There = { css: '[aria-label="Executions per day"] [aria-label=Sums]' };
  figure('100,000 executions: dashboard', await measured(page, board, sums), 1_000);
  const flow = `${segue.url}/ui/main/flows/edit/volume.team0.area0/flow_00000/overview`;
  const chart: There = { css: '[aria-label="Executions per day"]' };
  figure('100,000 executions: page of a flow', await measured(page, flow, chart), 500);
  const logs = `${segue.url}/ui/main/logs?filters[q][CONTAINS]=needle`;
  const line: There = { css: 'main li', text: 'has the needle' };
  figure('1,000,000 lines: search over all logs', await measured(page, logs, line), 2_000);
});
