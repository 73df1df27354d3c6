// The address that opens the dialog to run a flow, over the page that is shown.
import { router } from '../lib/url/router.svelte';

/**
 * The flow as `namespace/id` in `run`. `from` is an execution with the inputs to fill in. Values of inputs may follow as
 * `inputs.NAME`.
 */
export function runAddress(namespace: string, id: string, from?: string): string {
  const params = new URLSearchParams(router.params);
  params.set('run', `${namespace}/${id}`);
  if (from) params.set('from', from);
  else params.delete('from');
  return `?${params}`;
}
