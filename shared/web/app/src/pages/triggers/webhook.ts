// How a webhook is called: its address, and a command that fires it.
import { BASE } from '../../lib/api/client';
import type { TriggerHit } from '../../lib/api/types';
import { quote } from '../../run/commands';

/** What stands for a key that is not written in the flow, but read when the webhook is called. */
const KEY = 'KEY';

export interface Webhook {
  url: string;
  command: string;
  /** Whether the key is an expression, so that the command needs the real key. */
  isSecret: boolean;
}

/** How a trigger is called. Undefined for other types. */
export function webhook(
  { abstractTrigger: trigger, triggerContext: state }: TriggerHit,
  origin: string,
): Webhook | undefined {
  const key = trigger?.['key'];
  if (!trigger?.type.endsWith('.Webhook') || typeof key !== 'string') return undefined;
  const isSecret = key.includes('{{');
  const parts = [state.namespace, state.flowId, isSecret ? KEY : key].map(encodeURIComponent);
  const url = `${origin}${BASE}/executions/webhook/${parts.join('/')}`;
  const body = `-H 'Content-Type: application/json' -d '{"hello": "world"}'`;
  return { url, command: `curl -X POST ${body} ${quote(url)}`, isSecret };
}
