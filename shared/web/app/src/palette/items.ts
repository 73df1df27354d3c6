// What the palette offers for a text: pages, actions, flows, executions.
import { get, path, Refusal } from '../lib/api/client';
import type { Execution, ExecutionPage, ListedFlowPage } from '../lib/api/types';
import { theme } from '../lib/theme.svelte';
import { zone } from '../lib/format/time.svelte';
import { name } from '../lib/url/filters';
import { href } from '../lib/url/routes';
import { runAddress } from '../run/address';

export interface Item {
  /** What kind of thing this is, in one word. */
  kind: string;
  text: string;
  hint: string;
  /** Where the item leads. An action has `act` in its place. */
  address?: string;
  act?: () => void;
}

/** The largest number of flows and of executions. */
const MOST = 6;

const pages: Item[] = [
  { kind: 'page', text: 'Dashboard', hint: '', address: href({ page: 'dashboard' }) },
  { kind: 'page', text: 'Flows', hint: '', address: href({ page: 'flows' }) },
  { kind: 'page', text: 'Executions', hint: '', address: href({ page: 'executions' }) },
  { kind: 'page', text: 'Logs', hint: '', address: href({ page: 'logs' }) },
  { kind: 'page', text: 'Search sources', hint: '', address: href({ page: 'source-search' }) },
  { kind: 'page', text: 'Triggers', hint: '', address: href({ page: 'triggers' }) },
  { kind: 'page', text: 'Namespaces', hint: '', address: href({ page: 'namespaces' }) },
  { kind: 'page', text: 'KV store', hint: '', address: href({ page: 'kv' }) },
  { kind: 'page', text: 'Secrets', hint: '', address: href({ page: 'secrets' }) },
  { kind: 'page', text: 'Warehouse', hint: 'tables and SQL', address: href({ page: 'warehouse' }) },
  { kind: 'page', text: 'Storage', hint: 'buckets and objects', address: href({ page: 'storage' }) },
  { kind: 'page', text: 'Task types', hint: 'what each type does', address: href({ page: 'types' }) },
  { kind: 'page', text: 'Blueprints', hint: 'flows to start from', address: href({ page: 'blueprints' }) },
  { kind: 'page', text: 'Health', hint: '', address: href({ page: 'health' }) },
  {
    kind: 'page',
    text: 'Failed executions',
    hint: 'FAILED or KILLED',
    address: href(
      { page: 'executions' },
      new URLSearchParams({ [name({ field: 'state', op: 'IN', value: '' })]: 'FAILED,KILLED' }),
    ),
  },
];

const actions: Item[] = [
  { kind: 'action', text: 'New flow', hint: '', address: href({ page: 'new-flow' }) },
  { kind: 'action', text: 'New dashboard', hint: '', address: href({ page: 'board-new' }) },
  { kind: 'action', text: 'Light theme', hint: '', act: () => theme.choose('light') },
  { kind: 'action', text: 'Dark theme', hint: '', act: () => theme.choose('dark') },
  { kind: 'action', text: 'Theme of the system', hint: '', act: () => theme.choose('system') },
  { kind: 'action', text: 'Switch the time zone', hint: 'your zone or UTC', act: () => zone.toggle() },
];

/** Pages and actions with this text. All of them for an empty text. */
export function fixed(text: string): Item[] {
  const wanted = text.trim().toLowerCase();
  return [...pages, ...actions].filter((item) => item.text.toLowerCase().includes(wanted));
}

/** `key=value` as the label that it names. Undefined for other texts. */
export function labelOf(text: string): { key: string; value: string } | undefined {
  const [, key, value] = /^([^=\s]+)=(\S.*)$/.exec(text.trim()) ?? [];
  return key && value ? { key, value: value.trim() } : undefined;
}

/** Whether a text can be the id of an execution. */
export function isId(text: string): boolean {
  return /^[0-9A-Za-z]{16,40}$/.test(text.trim());
}

/** What the server knows of a text: an execution by its id, executions by a label, flows by a part of their id. */
export async function found(text: string, signal: AbortSignal): Promise<Item[]> {
  const label = labelOf(text);
  if (label) return withLabel(label, signal);
  if (text.trim() === '') return [];
  const [executions, flows] = await Promise.all([
    isId(text) ? withId(text.trim(), signal) : [],
    flowsWith(text.trim(), signal),
  ]);
  return [...executions, ...flows];
}

async function withLabel(label: { key: string; value: string }, signal: AbortSignal): Promise<Item[]> {
  const filter = { field: 'labels', op: 'EQUALS', ...label };
  const query = new URLSearchParams({ [name(filter)]: label.value });
  const all: Item = {
    kind: 'list',
    text: `All executions with ${label.key}=${label.value}`,
    hint: '',
    address: href({ page: 'executions' }, query),
  };
  const asked = new URLSearchParams(query);
  asked.set('size', String(MOST));
  const { results } = await get<ExecutionPage>('/executions/search', { query: asked, signal });
  return [...results.map(execution), all];
}

async function withId(id: string, signal: AbortSignal): Promise<Item[]> {
  try {
    return [execution(await get<Execution>(path`/executions/${id}`, { signal }))];
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return [];
    throw error;
  }
}

async function flowsWith(text: string, signal: AbortSignal): Promise<Item[]> {
  const query = new URLSearchParams({ size: String(MOST) });
  query.set(name({ field: 'q', op: 'EQUALS', value: text }), text);
  const { results } = await get<ListedFlowPage>('/flows/search', { query, signal });
  return results.flatMap(({ namespace, id, disabled }): Item[] => [
    {
      kind: 'flow',
      text: id,
      hint: namespace,
      address: href({ page: 'flow', namespace, id, tab: 'overview' }),
    },
    ...(disabled
      ? []
      : [{ kind: 'run', text: `Run ${id}`, hint: namespace, address: runAddress(namespace, id) }]),
  ]);
}

function execution({ namespace, flowId, id, state }: Execution): Item {
  return {
    kind: 'execution',
    text: flowId,
    hint: `${state.current} ${id}`,
    address: href({ page: 'execution', namespace, flowId, id, tab: 'gantt' }),
  };
}
