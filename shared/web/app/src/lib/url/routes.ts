// The addresses of the pages, read and written. Kestra's addresses are understood as well.

/** What an address below `/ui/` shows. */
export type Route =
  | { page: 'flows' }
  | { page: 'new-flow' }
  | { page: 'source-search' }
  | { page: 'logs' }
  | { page: 'flow'; namespace: string; id: string; tab: string }
  | { page: 'dashboard' }
  | { page: 'board'; id: string }
  | { page: 'board-edit'; id: string }
  | { page: 'board-new' }
  | { page: 'triggers' }
  | { page: 'executions' }
  | { page: 'execution'; namespace: string; flowId: string; id: string; tab: string }
  | { page: 'namespaces' }
  | { page: 'namespace'; namespace: string; tab: string }
  | { page: 'kv' }
  | { page: 'secrets' }
  | { page: 'warehouse' }
  | { page: 'storage' }
  | { page: 'health' }
  | { page: 'types' }
  | { page: 'type'; type: string }
  | { page: 'blueprints' }
  | { page: 'blueprint'; id: string }
  | { page: 'missing'; path: string };

export const BASE = '/ui/';
/** The only tenant. It may be left out of an address. */
const TENANT = 'main';

export const FLOW_TABS = [
  'overview',
  'topology',
  'edit',
  'revisions',
  'triggers',
  'backfills',
  'executions',
  'concurrency',
  'dependencies',
  'logs',
] as const;
export const EXECUTION_TABS = ['overview', 'gantt', 'logs', 'topology', 'outputs'] as const;

/** Names of tabs in older links. */
const OLDER_TABS: Record<string, string> = { editor: 'edit', source: 'edit' };
export const NAMESPACE_TABS = ['flows', 'executions', 'kv', 'secrets', 'files', 'dependencies'] as const;

/** Reads the path of an address. */
export function read(path: string): Route {
  const parts = path
    .slice(BASE.length - 1)
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  if (parts[0] === TENANT) parts.shift();
  // Older links have the triggers below `admin`.
  if (parts[0] === 'admin') parts.shift();
  const [page, ...rest] = parts;
  const missing: Route = { page: 'missing', path };
  if (page === undefined) return { page: 'flows' };
  if (page === 'flows') return flow(rest) ?? missing;
  if (page === 'triggers' && rest.length === 0) return { page };
  if (page === 'logs' && rest.length === 0) return { page };
  if (page === 'dashboards') return dashboard(rest) ?? missing;
  if (page === 'executions') return execution(rest) ?? missing;
  if (page === 'namespaces') return namespace(rest) ?? missing;
  if ((page === 'kv' || page === 'secrets' || page === 'health') && rest.length === 0) return { page };
  if (page === 'plugins') return types(rest) ?? missing;
  if (page === 'blueprints') return blueprints(rest) ?? missing;
  if (page === 'data') return data(rest) ?? missing;
  return missing;
}

function flow(parts: string[]): Route | undefined {
  if (parts.length === 0) return { page: 'flows' };
  if (parts.length === 1 && parts[0] === 'new') return { page: 'new-flow' };
  if (parts.length === 1 && parts[0] === 'search') return { page: 'source-search' };
  const [edit, namespace, id, tab = 'overview', ...more] = parts;
  if (edit !== 'edit' || !namespace || !id || more.length > 0) return undefined;
  return { page: 'flow', namespace, id, tab: oneOf(FLOW_TABS, OLDER_TABS[tab] ?? tab) };
}

function dashboard(parts: string[]): Route | undefined {
  const [id, edit, ...more] = parts;
  if (id === undefined) return { page: 'dashboard' };
  if (more.length > 0 || (edit !== undefined && edit !== 'edit')) return undefined;
  if (id === 'new') return edit === undefined ? { page: 'board-new' } : undefined;
  return { page: edit === undefined ? 'board' : 'board-edit', id };
}

function execution(parts: string[]): Route | undefined {
  if (parts.length === 0) return { page: 'executions' };
  const [namespace, flowId, id, tab = 'gantt', ...more] = parts;
  if (!namespace || !flowId || !id || more.length > 0) return undefined;
  return { page: 'execution', namespace, flowId, id, tab: oneOf(EXECUTION_TABS, tab) };
}

function namespace(parts: string[]): Route | undefined {
  if (parts.length === 0) return { page: 'namespaces' };
  const [edit, namespace, tab = 'flows', ...more] = parts;
  if (edit !== 'edit' || !namespace || more.length > 0) return undefined;
  return { page: 'namespace', namespace, tab: oneOf(NAMESPACE_TABS, tab) };
}

function types([type, ...more]: string[]): Route | undefined {
  if (type === undefined) return { page: 'types' };
  return more.length === 0 ? { page: 'type', type } : undefined;
}

function blueprints([id, ...more]: string[]): Route | undefined {
  if (id === undefined) return { page: 'blueprints' };
  return more.length === 0 ? { page: 'blueprint', id } : undefined;
}

function data(parts: string[]): Route | undefined {
  const [page, ...more] = parts;
  return (page === 'warehouse' || page === 'storage') && more.length === 0 ? { page } : undefined;
}

/** The address of a route. */
export function href(route: Exclude<Route, { page: 'missing' }>, query?: URLSearchParams): string {
  const text = query?.toString();
  return `${BASE}${TENANT}/${place(route)}${text ? `?${text}` : ''}`;
}

function place(route: Exclude<Route, { page: 'missing' }>): string {
  switch (route.page) {
    case 'flows':
    case 'executions':
    case 'triggers':
    case 'logs':
    case 'namespaces':
    case 'kv':
    case 'secrets':
    case 'health':
    case 'blueprints':
      return route.page;
    case 'warehouse':
    case 'storage':
      return `data/${route.page}`;
    case 'types':
      return 'plugins';
    case 'type':
      return `plugins/${encodeURIComponent(route.type)}`;
    case 'blueprint':
      return `blueprints/${encodeURIComponent(route.id)}`;
    case 'namespace':
      return ['namespaces', 'edit', route.namespace, route.tab].map(encodeURIComponent).join('/');
    case 'dashboard':
      return 'dashboards';
    case 'board-new':
      return 'dashboards/new';
    case 'board':
      return `dashboards/${encodeURIComponent(route.id)}`;
    case 'board-edit':
      return `dashboards/${encodeURIComponent(route.id)}/edit`;
    case 'source-search':
      return 'flows/search';
    case 'new-flow':
      return 'flows/new';
    case 'flow':
      return ['flows', 'edit', route.namespace, route.id, route.tab].map(encodeURIComponent).join('/');
    case 'execution':
      return ['executions', route.namespace, route.flowId, route.id, route.tab]
        .map(encodeURIComponent)
        .join('/');
  }
}

/** The tab with this name, or the first one: a tab of a link that does not exist yet leads to the page all the same. */
function oneOf(tabs: readonly string[], tab: string): string {
  return tabs.includes(tab) ? tab : (tabs[0] ?? '');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
