// What completion knows: types and their properties, names in expressions, keys of the namespace, and outputs of the
// last execution. Everything is asked for once, when it is needed first.
import { get, path } from '../lib/api/client';
import type { components } from '../lib/api/generated';
import type { Execution } from '../lib/api/types';
import { evaluate } from './evaluate';
import type { Schema } from './schema';

type Schemas = components['schemas'];
export type PluginType = Schemas['PluginType'];
export type ExpressionNames = Schemas['ExpressionNames'];

/** Where completion gets its words from. A test has its own. */
export interface Knowledge {
  types(): Promise<PluginType[]>;
  /** The properties of a type. Undefined if there is no such type. */
  schema(type: string): Promise<Schema | undefined>;
  flow(): Promise<Schema>;
  inputTypes(): Promise<string[]>;
  names(): Promise<ExpressionNames>;
  /** The keys of the KV store that a namespace can read. */
  keys(namespace: string): Promise<string[]>;
  secrets(namespace: string): Promise<string[]>;
  /** The outputs of the tasks in the last execution of a flow, by the id of the task. */
  outputs(namespace: string, flow: string): Promise<Map<string, unknown>>;
  /** The value of an expression in the last execution, or why it has none. Undefined if the flow has never run. */
  evaluate(namespace: string, flow: string, expression: string): Promise<string | undefined>;
  /** The next fire times of a cron expression. */
  next(cron: string, timezone: string, withSeconds: boolean): Promise<Schemas['NextDates']>;
}

/** Asks the API, and keeps each answer for as long as the page is open. */
export class ServerKnowledge implements Knowledge {
  readonly #kept = new Map<string, Promise<unknown>>();

  types(): Promise<PluginType[]> {
    return this.#once('/plugins/types', (address) => get<PluginType[]>(address));
  }

  schema(type: string): Promise<Schema | undefined> {
    return this.#once(path`/plugins/${type}`, async (address) => {
      const query = new URLSearchParams({ all: 'true' });
      const answer = await get<Schemas['PluginDoc']>(address, { query }).catch(() => undefined);
      return answer?.schema.properties as Schema | undefined;
    });
  }

  flow(): Promise<Schema> {
    const query = new URLSearchParams({ definitions: 'false' });
    return this.#once('/plugins/schemas/flow', (address) => get<Schema>(address, { query }));
  }

  inputTypes(): Promise<string[]> {
    return this.#once('/plugins/inputs', async (address) =>
      (await get<Schemas['InputType'][]>(address)).map(({ type }) => type),
    );
  }

  names(): Promise<ExpressionNames> {
    return this.#once('/expressions', (address) => get<ExpressionNames>(address));
  }

  keys(namespace: string): Promise<string[]> {
    return this.#once(path`/namespaces/${namespace}/kv`, async (address) => {
      const own = await get<{ key: string }[]>(address);
      const inherited = await get<{ key: string }[]>(`${address}/inheritance`);
      return [...new Set([...own, ...inherited].map(({ key }) => key))].sort();
    });
  }

  secrets(namespace: string): Promise<string[]> {
    return this.#once(path`/namespaces/${namespace}/secrets`, async (address) =>
      secretNames(await get<unknown>(address)),
    );
  }

  async outputs(namespace: string, flow: string): Promise<Map<string, unknown>> {
    const last = await this.#last(namespace, flow);
    return new Map((last?.taskRunList ?? []).map((run) => [run.taskId, run.outputs]));
  }

  async evaluate(namespace: string, flow: string, expression: string): Promise<string | undefined> {
    const last = await this.#last(namespace, flow);
    return last && (await evaluate(last.id, undefined, expression)).text;
  }

  next(cron: string, timezone: string, withSeconds: boolean): Promise<Schemas['NextDates']> {
    const query = new URLSearchParams({ cron, timezone, withSeconds: String(withSeconds), count: '5' });
    return get<Schemas['NextDates']>('/schedule/next', { query });
  }

  /** The last execution of a flow. Undefined if the flow has never run. */
  #last(namespace: string, flow: string): Promise<Execution | undefined> {
    return this.#once(`last ${namespace}/${flow}`, async () => {
      const query = new URLSearchParams({
        'filters[namespace][EQUALS]': namespace,
        'filters[flowId][EQUALS]': flow,
        sort: 'state.startDate:desc',
        size: '1',
      });
      const { results } = await get<{ results: Execution[] }>('/executions/search', { query });
      // The list has executions without outputs.
      return results[0] && get<Execution>(path`/executions/${results[0].id}`);
    });
  }

  #once<T>(address: string, ask: (address: string) => Promise<T>): Promise<T> {
    const known = this.#kept.get(address) as Promise<T> | undefined;
    if (known) return known;
    const asked = ask(address);
    this.#kept.set(address, asked);
    // After a failure the next key asks again.
    asked.catch(() => this.#kept.delete(address));
    return asked;
  }
}

function secretNames(answer: unknown): string[] {
  const results = Array.isArray(answer) ? answer : ((answer as { results?: unknown[] }).results ?? []);
  return results.flatMap((one) => {
    const key = typeof one === 'string' ? one : (one as { key?: unknown }).key;
    return typeof key === 'string' ? [key] : [];
  });
}
