// The newest execution of each flow on a page of a list, in one request.
import { post } from './client';
import type { Execution } from './types';

/** Executions by `namespace/id` of their flow. */
export type Newest = ReadonlyMap<string, Execution>;

export function keyOf(namespace: string, id: string): string {
  return `${namespace}/${id}`;
}

export async function latest(
  flows: { namespace: string; id: string }[],
  signal: AbortSignal,
): Promise<Newest> {
  if (flows.length === 0) return new Map();
  const body = flows.map(({ namespace, id }) => ({ namespace, id }));
  const found = await post<Execution[]>('/executions/latest', body, { signal });
  return new Map(found.map((execution) => [keyOf(execution.namespace, execution.flowId), execution]));
}
