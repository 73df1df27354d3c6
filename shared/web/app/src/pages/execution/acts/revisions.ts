// The revisions of the flow of an execution, newest first.
import { get, path } from '../../../lib/api/client';
import type { Execution, Flow } from '../../../lib/api/types';

export interface Revision {
  revision: number;
  updated: string;
  isNewest: boolean;
}

export async function revisions(
  { namespace, flowId }: Pick<Execution, 'namespace' | 'flowId'>,
  signal: AbortSignal,
): Promise<Revision[]> {
  const all = await get<Flow[]>(path`/flows/${namespace}/${flowId}/revisions`, { signal });
  const newest = Math.max(...all.map(({ revision }) => revision));
  return all
    .map(({ revision, updated }) => ({ revision, updated, isNewest: revision === newest }))
    .sort((one, other) => other.revision - one.revision);
}

/** The flow in one of its revisions. A flow that was deleted since is found as well. */
export function flowAt(
  { namespace, flowId }: Pick<Execution, 'namespace' | 'flowId'>,
  revision: number,
  signal: AbortSignal,
): Promise<Flow> {
  const query = new URLSearchParams({ revision: String(revision), allowDeleted: 'true' });
  return get<Flow>(path`/flows/${namespace}/${flowId}`, { query, signal });
}
