// What the triggers of the listed flows do next.
import { get } from '../../lib/api/client';
import { keyOf } from '../../lib/api/latest';
import type { Flow, TriggerHit, TriggerPage } from '../../lib/api/types';
import { name } from '../../lib/url/filters';

/** The triggers by `namespace/id` of their flow. */
export type Triggers = ReadonlyMap<string, TriggerHit[]>;

/** More triggers than this are not asked for: a page has at most 500 flows. */
const MOST = 2_000;

export async function triggersOf(flows: readonly Flow[], signal: AbortSignal): Promise<Triggers> {
  const ids = flows.filter(({ triggers }) => triggers?.length).map(({ id }) => id);
  const found = new Map<string, TriggerHit[]>();
  if (ids.length === 0) return found;
  const query = new URLSearchParams({
    [name({ field: 'flowId', op: 'IN', value: '' })]: [...new Set(ids)].join(),
    size: String(MOST),
  });
  const { results } = await get<TriggerPage>('/triggers/search', { query, signal });
  for (const hit of results) {
    const { namespace, flowId } = hit.triggerContext;
    const key = keyOf(namespace, flowId);
    found.set(key, [...(found.get(key) ?? []), hit]);
  }
  return found;
}

/** The next fire time of a flow. Undefined if nothing fires. */
export function nextOf(flow: Flow, hits: readonly TriggerHit[]): string | undefined {
  if (flow.disabled) return undefined;
  const dates = hits
    .filter(
      ({ abstractTrigger, triggerContext }) =>
        !triggerContext.disabled && abstractTrigger?.disabled === false,
    )
    .flatMap(({ triggerContext }) => triggerContext.nextExecutionDate ?? []);
  return dates.sort((one, other) => Date.parse(one) - Date.parse(other))[0];
}

/** Why a trigger of a flow does not fire. Empty if it does. */
export function offReason(flow: Flow, trigger: string, hits: readonly TriggerHit[]): string {
  if (flow.disabled) return 'the flow is disabled';
  if (flow.triggers?.find(({ id }) => id === trigger)?.['disabled'] === true)
    return 'disabled in the source of the flow, which always wins';
  const state = hits.find(({ triggerContext }) => triggerContext.triggerId === trigger)?.triggerContext;
  return state?.disabled ? 'switched off' : '';
}
