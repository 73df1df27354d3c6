// Two executions next to each other: inputs, tasks, outputs.
import { pretty } from '../../../lib/api/json';
import type { Execution } from '../../../lib/api/types';
import { duration } from '../../../lib/format/duration';
import { elapsed } from '../../../lib/state';

export interface CompareRow {
  group: string;
  name: string;
  values: [string, string];
  isSame: boolean;
}

export function compared(left: Execution, right: Execution, now: number): CompareRow[] {
  const both = [left, right] as const;
  const row = (group: string, name: string, of: (one: Execution) => string): CompareRow => {
    const values: [string, string] = [of(left), of(right)];
    return { group, name, values, isSame: values[0] === values[1] };
  };
  const keys = (of: (one: Execution) => Iterable<string>): string[] => [
    ...new Set(both.flatMap((one) => [...of(one)])),
  ];
  return [
    row('Execution', 'flow', ({ namespace, flowId }) => `${namespace}.${flowId}`),
    row('Execution', 'revision', ({ flowRevision }) => String(flowRevision)),
    row('Execution', 'state', ({ state }) => state.current),
    row('Execution', 'duration', ({ state }) => duration(elapsed(state, now))),
    ...keys(({ inputs }) => Object.keys(inputs ?? {})).map((key) =>
      row('Inputs', key, ({ inputs }) => text(inputs?.[key])),
    ),
    ...keys((one) => runs(one, now).keys()).map((id) =>
      row('Tasks', id, (one) => runs(one, now).get(id) ?? 'not run'),
    ),
    ...keys(({ outputs }) => Object.keys(outputs ?? {})).map((key) =>
      row('Outputs', key, ({ outputs }) => text(outputs?.[key])),
    ),
  ];
}

/** State and duration of each task: of all its runs together. */
function runs({ taskRunList }: Execution, now: number): Map<string, string> {
  const found = new Map<string, { states: Set<string>; ms: number }>();
  for (const { taskId, state } of taskRunList ?? []) {
    const one = found.get(taskId) ?? { states: new Set(), ms: 0 };
    one.states.add(state.current);
    found.set(taskId, { states: one.states, ms: one.ms + elapsed(state, now) });
  }
  return new Map(
    [...found].map(([id, { states, ms }]) => [id, `${[...states].join(', ')} in ${duration(ms)}`]),
  );
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : pretty(value);
}
