// The first request of the pages that are opened most. It is sent before the program of the page has been loaded.
import { path, prepare } from '../lib/api/client';
import { request } from '../lib/url/filters';
import type { Route } from '../lib/url/routes';
import { ADDRESS, withParts } from './flows/listed';

/** Sends the first request of a page. A page that is not here sends it itself. */
export function ask(route: Route, params: URLSearchParams): void {
  const list = request(params);
  if (route.page === 'flows') prepare(ADDRESS, withParts(list.toString()));
  if (route.page === 'executions' && params.get('view') !== 'grid') prepare('/executions/search', list);
  if (route.page === 'execution') prepare(path`/executions/${route.id}/head`, new URLSearchParams());
}
