// The flows of a list, with their newest executions and what their triggers do next, in one request.
import { get } from '../../lib/api/client';
import type { ListedFlowPage } from '../../lib/api/types';

/** Names a flow among others. */
export function keyOf({ namespace, id }: { namespace: string; id: string }): string {
  return `${namespace}/${id}`;
}

export const ADDRESS = '/flows/search';

/** A query of flows with the parts that the list shows. */
export function withParts(query: string): URLSearchParams {
  const asked = new URLSearchParams(query);
  asked.set('with', 'history,triggers');
  return asked;
}

/** A page of flows. `query` has filters, order and page. */
export function listed(query: string, signal: AbortSignal): Promise<ListedFlowPage> {
  return get<ListedFlowPage>(ADDRESS, { query: withParts(query), signal });
}
