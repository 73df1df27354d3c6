// The bars of a task run in the Gantt chart: what it did when, from the histories of its attempts and of its state.
import type { ExecutionHead, StateName, TaskRun } from '../../lib/api/types';
import { hasEnded } from '../../lib/state';

/** A stretch of time, in ms since 1970, in one state. */
export interface Bar {
  from: number;
  to: number;
  state: StateName;
  kind: 'work' | 'waiting' | 'retry' | 'paused';
}

/** The bars of a task run, oldest first. What still goes on lasts until `now`. */
export function bars(run: TaskRun, now: number): Bar[] {
  const found: Bar[] = [];
  for (const attempt of run.attempts ?? []) {
    // The wait for an attempt is in the history of the task run. Attempts keep the date of the task run as their first.
    const all = stretches(attempt.state.histories, attempt.state.current, now);
    found.push(...all.filter(({ kind }) => kind !== 'waiting'));
  }
  const between = stretches(run.state.histories, run.state.current, now);
  // Waiting is in the history of the task run. Work is there as well if the task run has no attempts (a flowable task).
  const hasAttempts = found.length > 0;
  found.push(
    ...between.filter(
      (bar) => bar.kind === 'retry' || bar.kind === 'paused' || bar.kind === 'waiting' || !hasAttempts,
    ),
  );
  return found.sort((one, other) => one.from - other.from);
}

/** The time of all task runs as two kinds of bars: when at least one worked, and from the first to the last. */
export function work({ busy, first, last }: ExecutionHead, now: number): Bar[] {
  if (first === undefined) return [];
  const end = (date: string | undefined) => (date === undefined ? now : Date.parse(date));
  const found = busy.map(({ from, to }): Bar => ({
    from: Date.parse(from),
    to: end(to),
    state: 'RUNNING',
    kind: 'work',
  }));
  return [{ from: Date.parse(first), to: end(last), state: 'CREATED', kind: 'waiting' }, ...found];
}

function stretches(histories: { state: StateName; date: string }[], current: StateName, now: number): Bar[] {
  const found: Bar[] = [];
  histories.forEach(({ state, date }, at) => {
    if (hasEnded(state)) return;
    const next = histories[at + 1];
    const end = next ? Date.parse(next.date) : now;
    const work =
      next && hasEnded(next.state)
        ? next.state
        : hasEnded(current) && state === 'RUNNING' && !next
          ? current
          : state;
    found.push({ from: Date.parse(date), to: end, state: work, kind: KINDS[state] ?? 'work' });
  });
  return found;
}

const KINDS: Partial<Record<StateName, Bar['kind']>> = {
  CREATED: 'waiting',
  QUEUED: 'waiting',
  RESTARTED: 'waiting',
  RETRYING: 'retry',
  PAUSED: 'paused',
};
