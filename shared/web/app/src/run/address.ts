// The address that opens the dialog to run a flow, over the page that is shown.
import { router } from '../lib/url/router.svelte';

/** The flow as `namespace/id` in `run`. Values of inputs may follow as `inputs.NAME`. */
export function runAddress(namespace: string, id: string): string {
  const params = new URLSearchParams(router.params);
  params.set('run', `${namespace}/${id}`);
  return `?${params}`;
}
