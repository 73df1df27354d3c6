// The states of executions and task runs: glyph, colour and group. The colours are in src/app.css.
import type { Execution, State, StateName } from './api/types';

export interface Look {
  /** Tells the state without a colour. */
  glyph: string;
  /** The name of the colour: `--state-NAME`. */
  token: string;
}

const LOOKS: Record<StateName, Look> = {
  SUCCESS: { glyph: '✓', token: 'success' },
  WARNING: { glyph: '△', token: 'warning' },
  FAILED: { glyph: '✕', token: 'failed' },
  RUNNING: { glyph: '◐', token: 'running' },
  KILLING: { glyph: '■', token: 'killed' },
  KILLED: { glyph: '■', token: 'killed' },
  CANCELLED: { glyph: '⊘', token: 'cancelled' },
  QUEUED: { glyph: '⧗', token: 'queued' },
  PAUSED: { glyph: '‖', token: 'paused' },
  BREAKPOINT: { glyph: '◉', token: 'paused' },
  RETRYING: { glyph: '↻', token: 'retrying' },
  RETRIED: { glyph: '↻', token: 'retried' },
  RESTARTED: { glyph: '↺', token: 'restarted' },
  CREATED: { glyph: '○', token: 'created' },
  SKIPPED: { glyph: '–', token: 'skipped' },
};

export const STATES = Object.keys(LOOKS) as StateName[];
const ENDED: readonly StateName[] = [
  'SUCCESS',
  'WARNING',
  'FAILED',
  'KILLED',
  'CANCELLED',
  'RETRIED',
  'SKIPPED',
];

export function look(state: StateName): Look {
  return LOOKS[state];
}

/** The states in which something more happens. */
export const OPEN: readonly StateName[] = STATES.filter((state) => !ENDED.includes(state));

/** Whether nothing more happens in this state. */
export function hasEnded(state: StateName): boolean {
  return ENDED.includes(state);
}

/** Whether somebody should look at the reason. */
export function isFailure(state: StateName): boolean {
  return state === 'FAILED' || state === 'WARNING' || state === 'KILLED';
}

/** Milliseconds from the start to the end, or to `now`. */
export function elapsed(state: State, now: number): number {
  const end = state.endDate && hasEnded(state.current) ? Date.parse(state.endDate) : now;
  return Math.max(0, end - Date.parse(state.startDate));
}

/** The slot of a schedule that an execution stands for. Undefined if no schedule gave it one. */
export function slotOf({ trigger }: Pick<Execution, 'trigger'>): string | undefined {
  const date = trigger?.variables['date'];
  return trigger?.type.endsWith('.Schedule') && typeof date === 'string' ? date : undefined;
}
