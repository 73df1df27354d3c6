// What the triggers of the listed flows do next.
import type { Flow, ListedFlow, TriggerHit } from '../../lib/api/types';

/** The next fire time of a flow. Undefined if nothing fires. */
export function nextOf(flow: ListedFlow): string | undefined {
  if (flow.disabled) return undefined;
  const dates = (flow.triggerStates ?? [])
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
