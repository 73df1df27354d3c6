// What can be done with several flows at once.
import { download, post, removeAll } from '../../lib/api/client';
import type { Flow } from '../../lib/api/types';

export type Act = 'enable' | 'disable' | 'export' | 'delete';

/** The flows: these, or all that match the filters of the list. */
export type Target = { flows: readonly Flow[] } | { query: URLSearchParams };

/** Acts on the flows, and answers how many were changed. An export is saved as a file. */
export async function run(act: Act, target: Target): Promise<number> {
  const isList = 'flows' in target;
  const end = isList ? 'by-ids' : 'by-query';
  const body = isList ? target.flows.map(({ namespace, id }) => ({ namespace, id })) : undefined;
  const options = isList ? {} : { query: target.query };
  if (act === 'export') {
    await download(`/flows/export/${end}`, 'flows.zip', body, options);
    return isList ? target.flows.length : 0;
  }
  const ask = act === 'delete' ? removeAll : post;
  return (await ask<{ count: number }>(`/flows/${act}/${end}`, body, options)).count;
}
