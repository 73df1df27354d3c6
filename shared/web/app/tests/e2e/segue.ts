// A Segue of its own for each file of tests: the real program on an empty data directory, with the flows of this folder.
import { test as base, expect, type Page } from '@playwright/test';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export { expect };

/** What an execution is here. */
export interface Execution {
  id: string;
  namespace: string;
  flowId: string;
  state: { current: string; startDate: string; duration: string };
  inputs: Record<string, unknown>;
  taskRunList: { taskId: string }[];
  trigger?: { variables: Record<string, unknown> };
}

/** A file that does not exist yet. A flow that waits for it runs as long as its test wants, on a slow machine too. */
export class Gate {
  constructor(readonly file: string) {}

  open(): void {
    writeFileSync(this.file, '');
  }
}

export class Segue {
  #process: ChildProcess | undefined;
  #gates = 0;
  /** The data directory. */
  readonly data = mkdtempSync(join(tmpdir(), 'segue-web-'));
  url = '';
  /** Further origins that a test serves the pages from. */
  readonly relays = new Set<string>();

  /** The ids of what `fixture` has written, by its name. */
  made: Record<string, string> = {};

  /** `options` are further options of `segue server`. */
  constructor(readonly options: string[] = []) {}

  /** Writes large amounts or messages into the data directory, before the first start. */
  async fixture(args: string[]): Promise<void> {
    const program = join(dirname(process.env['SEGUE'] ?? ''), 'ui-fixture');
    const run = promisify(execFile);
    const { stdout } = await run(program, ['--data-dir', this.data, ...args]);
    this.made = JSON.parse(stdout) as Record<string, string>;
  }

  /** Starts the program, again at the same port if it ran before. */
  async start(): Promise<void> {
    const program = process.env['SEGUE'];
    if (!program) throw new Error('SEGUE names the program: run `make test-web`');
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const flows = join(import.meta.dirname, 'flows');
    const server = ['server', '--quiet', '--port', port, '--flows', flows];
    const args = ['--data-dir', this.data, ...server, ...this.options];
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = started;
    this.url = await new Promise((resolve, reject) => {
      let output = '';
      started.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
      started.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        const [, url] = /Segue answers at (\S+)/.exec(output) ?? [];
        if (url) resolve(url);
      });
    });
  }

  /** Kills the program, as a loss of power does. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/main${path}`);
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return (await answer.json()) as T;
  }

  /** Runs a flow, named with its namespace and a query if there is one. `isEnded` waits for its end. */
  async run(flow: string, inputs: Record<string, string | File> = {}, isEnded = true): Promise<Execution> {
    const form = new FormData();
    for (const [name, value] of Object.entries(inputs)) form.append(name, value);
    const wait = `${flow.includes('?') ? '&' : '?'}wait=${isEnded}`;
    const answer = await fetch(`${this.url}/api/v1/main/executions/${flow}${wait}`, {
      method: 'POST',
      body: form,
    });
    expect(answer.ok, await answer.clone().text()).toBe(true);
    return (await answer.json()) as Execution;
  }

  /** Starts a flow that waits for a gate. */
  async hold(flow: string): Promise<{ run: Execution; gate: Gate }> {
    const gate = new Gate(join(this.data, `gate-${this.#gates++}`));
    return { run: await this.run(flow, { until: gate.file }, false), gate };
  }

  /** Starts a flow, and waits until it is in a state. */
  async until(flow: string, wanted: string): Promise<Execution> {
    const run = await this.run(flow, {}, false);
    await expect
      .poll(async () => (await this.get<Execution>(`/executions/${run.id}`)).state.current)
      .toBe(wanted);
    return run;
  }

  /** Saves a flow. */
  async save(source: string): Promise<void> {
    const headers = { 'Content-Type': 'application/x-yaml' };
    const [, id] = /^id: (\S+)$/m.exec(source) ?? [];
    const [, namespace] = /^namespace: (\S+)$/m.exec(source) ?? [];
    const base = `${this.url}/api/v1/main/flows`;
    const isThere = (await fetch(`${base}/${namespace}/${id}`)).ok;
    const answer = await fetch(isThere ? `${base}/${namespace}/${id}` : base, {
      method: isThere ? 'PUT' : 'POST',
      headers,
      body: source,
    });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** Saves a dashboard that does not exist yet, or leaves the one that does. */
  async saveDashboard(source: string): Promise<void> {
    const [, id] = /^id: (\S+)$/m.exec(source) ?? [];
    const base = `${this.url}/api/v1/main/dashboards`;
    if ((await fetch(`${base}/${id}`)).ok) return;
    const headers = { 'Content-Type': 'application/x-yaml' };
    const answer = await fetch(base, { method: 'POST', headers, body: source });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** Lets a paused execution go on. */
  async resume(id: string): Promise<void> {
    const address = `${this.url}/api/v1/main/executions/${id}/resume`;
    const answer = await fetch(address, { method: 'POST', body: new FormData() });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** Sets a key of the KV store to a JSON value. */
  async setKey(namespace: string, key: string, json: string): Promise<void> {
    const address = `${this.url}/api/v1/main/namespaces/${namespace}/kv/${key}`;
    const answer = await fetch(address, { method: 'PUT', body: json });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** Writes a namespace file. */
  async writeFile(namespace: string, path: string, text: string): Promise<void> {
    const form = new FormData();
    form.append('fileContent', new File([text], path));
    const address = `${this.url}/api/v1/main/namespaces/${namespace}/files?path=/${path}`;
    const answer = await fetch(address, { method: 'POST', body: form });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** The text of a namespace file. */
  async file(namespace: string, path: string): Promise<string> {
    return (await fetch(`${this.url}/api/v1/main/namespaces/${namespace}/files?path=/${path}`)).text();
  }

  /** Posts JSON. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/main${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.ok, await answer.clone().text()).toBe(true);
    return (await answer.json()) as T;
  }

  /** Makes a bucket, with a flow. */
  async makeBucket(name: string): Promise<void> {
    const type = 'io.kestra.plugin.gcp.gcs.CreateBucket';
    const task = `- id: make\n  type: ${type}\n  name: ${name}\n  ifExists: SKIP\n`;
    await this.save(`id: make_bucket\nnamespace: system.tests\ntasks:\n${task}`);
    const run = await this.run('system.tests/make_bucket');
    expect(run.state.current).toBe('SUCCESS');
  }

  /** Writes an object. */
  async putObject(bucket: string, key: string, text: string): Promise<void> {
    const form = new FormData();
    form.append('fileContent', new File([text], key));
    const address = `${this.url}/api/v1/main/storage/buckets/${bucket}/object?key=${key}`;
    const answer = await fetch(address, { method: 'POST', body: form });
    expect(answer.ok, await answer.clone().text()).toBe(true);
  }

  /** The bytes of all files in the data directory. */
  bytesKept(): number {
    const files = readdirSync(this.data, { recursive: true, withFileTypes: true });
    const sizes = files.map((file) => statSync(join(file.parentPath, file.name), { throwIfNoEntry: false }));
    return sizes.reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0);
  }

  /** Puts many small objects into a bucket. The store has each object in a file of its name. */
  async fill(bucket: string, count: number): Promise<void> {
    const folder = join(this.data, 'objects', bucket);
    for (let first = 0; first < count; first += 1_000) {
      const names = Array.from(
        { length: 1_000 },
        (_, at) => `object-${String(first + at).padStart(5, '0')}.txt`,
      );
      await Promise.all(names.map((name) => writeFile(join(folder, name), name)));
    }
  }

  address({ namespace, flowId, id }: Execution, tab: string): string {
    return `${this.url}/ui/main/executions/${namespace}/${flowId}/${id}/${tab}`;
  }
}

/** Collects what the browser complains of: errors in scripts, refused content, requests to other origins. */
function complaints(page: Page, segue: Segue): string[] {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A test that stops the server has failed requests in its console.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      found.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    const isOwn = origin === new URL(segue.url).origin || segue.relays.has(origin);
    if (!isOwn && protocol !== 'blob:' && protocol !== 'data:') found.push(`foreign: ${request.url()}`);
  });
  return found;
}

/** The Segue that runs, and the file of tests that it serves. */
export interface Running {
  file: string;
  segue: Segue | undefined;
}

export const test = base.extend<{ complaints: string[]; segue: Segue }, { running: Running }>({
  running: [
    async ({}, use) => {
      const running: Running = { file: '', segue: undefined };
      await use(running);
      await running.segue?.end();
    },
    { scope: 'worker' },
  ],
  // What the tests of another file have saved would move the rows of a list to its next page.
  segue: async ({ running }, use, { file }) => {
    let { segue } = running;
    if (!segue || running.file !== file) {
      await segue?.end();
      segue = new Segue();
      Object.assign(running, { file, segue });
      await segue.start();
    }
    await use(segue);
  },
  complaints: [
    async ({ page, segue }, use) => {
      const found = complaints(page, segue);
      await use(found);
      expect(found, 'U30: nothing is refused, no script fails, no request leaves the origin').toEqual([]);
    },
    { auto: true },
  ],
});
