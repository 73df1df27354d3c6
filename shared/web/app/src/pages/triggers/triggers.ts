// What a trigger does now, in words: late, blocked, off, or waiting for its next fire time.
import type { TriggerHit } from '../../lib/api/types';

export type Health = 'late' | 'blocked' | 'failing' | 'off' | 'fine';

/** A fire time that is this long in the past and did not fire is late, in ms. */
const LATE = 60_000;

export interface Row {
  hit: TriggerHit;
  key: string;
  name: { namespace: string; flowId: string; triggerId: string };
  health: Health;
  /** Why the trigger cannot be switched on here. Empty if it can. */
  fixed: string;
  isOn: boolean;
}

export function row(hit: TriggerHit, now: number): Row {
  const { namespace, flowId, triggerId, disabled } = hit.triggerContext;
  const isOffInFlow = hit.abstractTrigger?.disabled ?? false;
  const isOn = !disabled && !isOffInFlow && hit.abstractTrigger !== undefined;
  return {
    hit,
    key: `${namespace}/${flowId}/${triggerId}`,
    name: { namespace, flowId, triggerId },
    health: health(hit, isOn, now),
    fixed: !hit.abstractTrigger
      ? 'The flow has no such trigger any more'
      : isOffInFlow
        ? 'Disabled in the source of the flow, which always wins'
        : '',
    isOn,
  };
}

function health({ triggerContext: state }: TriggerHit, isOn: boolean, now: number): Health {
  if (!isOn) return 'off';
  if (state.executionId) return 'blocked';
  if (state.lastError) return 'failing';
  const next = state.nextExecutionDate;
  return next !== undefined && Date.parse(next) < now - LATE ? 'late' : 'fine';
}

/** The time until a moment, in its largest unit: `in 3 h`. */
export function until(iso: string, now: number): string {
  const minutes = Math.round((Date.parse(iso) - now) / 60_000);
  if (minutes < 1) return minutes < -1 ? 'due' : 'now';
  if (minutes < 120) return `in ${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `in ${hours} h` : `in ${Math.round(hours / 24)} d`;
}

export interface Moment {
  date: string;
  rows: Row[];
}

/** The next fire times of all triggers within a time, with those at the same moment together. */
export function agenda(rows: readonly Row[], now: number, within: number): Moment[] {
  const moments = new Map<string, Row[]>();
  for (const one of rows) {
    const date = one.hit.triggerContext.nextExecutionDate;
    if (!one.isOn || date === undefined || Date.parse(date) > now + within) continue;
    moments.set(date, [...(moments.get(date) ?? []), one]);
  }
  return [...moments]
    .map(([date, found]) => ({ date, rows: found }))
    .sort((left, right) => Date.parse(left.date) - Date.parse(right.date));
}
