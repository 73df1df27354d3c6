// A flow as a tree: sequences, branches and loops. Reads the tasks as they are written. Knows no screen.

export interface TaskNode {
  id: string;
  type: string;
  isDisabled: boolean;
  /** What the task waits for or decides, in a few words: a condition, values, a limit. */
  note: string;
  lanes: Lane[];
}

/** Tasks that run one after another, or side by side. */
export interface Lane {
  /** Why the lane runs: `then`, the case of a switch, `errors`. Empty if it always runs. */
  name: string;
  tasks: TaskNode[];
  /** Whether the tasks run side by side. */
  isParallel: boolean;
  /** Whether the lane runs only after a failure, or at the end. */
  isAside: boolean;
}

export interface TriggerNode {
  id: string;
  type: string;
  isDisabled: boolean;
  note: string;
}

export interface FlowTree {
  triggers: TriggerNode[];
  lanes: Lane[];
}

type Written = Record<string, unknown>;

/** The largest number of tasks that are shown at once. */
export const MOST = 400;

/** The tree of a flow. `off` are triggers that somebody switched off. A disabled flow has no trigger that is on. */
export function treeOf(flow: Written, off?: ReadonlySet<string>): FlowTree {
  const triggers = maps(flow['triggers']).map((trigger) => ({
    id: text(trigger['id']),
    type: text(trigger['type']),
    isDisabled:
      flow['disabled'] === true || trigger['disabled'] === true || off?.has(text(trigger['id'])) === true,
    note: text(trigger['cron']) || text(trigger['interval']),
  }));
  return {
    triggers,
    lanes: [lane('', flow['tasks']), ...asides(flow)].filter(({ tasks }) => tasks.length > 0),
  };
}

/** The number of tasks in lanes and below. */
export function countOf(lanes: readonly Lane[]): number {
  return lanes.reduce(
    (sum, { tasks }) => sum + tasks.reduce((inner, task) => inner + 1 + countOf(task.lanes), 0),
    0,
  );
}

function asides(written: Written): Lane[] {
  return ['errors', 'finally', 'afterExecution'].map((name) => ({
    ...lane(name === 'afterExecution' ? 'after the execution' : name, written[name]),
    isAside: true,
  }));
}

function lane(name: string, tasks: unknown, isParallel = false): Lane {
  return { name, tasks: maps(tasks).map(node), isParallel, isAside: false };
}

function node(written: Written): TaskNode {
  const type = text(written['type']);
  const kind = type.split('.').at(-1) ?? '';
  const lanes = [...inner(kind, written), ...asides(written)].filter(({ tasks }) => tasks.length > 0);
  return {
    id: text(written['id']),
    type,
    isDisabled: written['disabled'] === true,
    note: noteOf(kind, written),
    lanes,
  };
}

function inner(kind: string, written: Written): Lane[] {
  if (kind === 'If') return [lane('then', written['then']), lane('else', written['else'])];
  if (kind === 'Switch') {
    const cases = isMap(written['cases']) ? written['cases'] : {};
    return [
      ...Object.entries(cases).map(([value, tasks]) => lane(value, tasks)),
      lane('otherwise', written['defaults']),
    ];
  }
  if (kind === 'Dag') return levels(maps(written['tasks']));
  return [lane('', written['tasks'], kind === 'Parallel')];
}

/** The tasks of a Dag: those that wait for none first, then those that wait for them. */
function levels(items: readonly Written[]): Lane[] {
  const waits = new Map(
    items.map((item) => [text((item['task'] as Written | undefined)?.['id']), strings(item['dependsOn'])]),
  );
  const level = new Map<string, number>();
  const of = (id: string, above: readonly string[]): number => {
    const known = level.get(id);
    if (known !== undefined) return known;
    // A circle is refused by the server. Here it must only end.
    const before = (waits.get(id) ?? []).filter((one) => waits.has(one) && !above.includes(one));
    const found = before.length === 0 ? 0 : 1 + Math.max(...before.map((one) => of(one, [...above, id])));
    level.set(id, found);
    return found;
  };
  const columns: TaskNode[][] = [];
  for (const item of items) {
    const task = isMap(item['task']) ? node(item['task']) : undefined;
    if (!task) continue;
    const after = waits.get(task.id) ?? [];
    const at = of(task.id, []);
    (columns[at] ??= []).push({ ...task, note: after.length > 0 ? `after ${after.join(', ')}` : task.note });
  }
  return columns.map((tasks, at) => ({ name: `step ${at + 1}`, tasks, isParallel: true, isAside: false }));
}

function noteOf(kind: string, written: Written): string {
  const value = (key: string): string => {
    const one = written[key];
    return typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? String(one) : '';
  };
  if (kind === 'If') return value('condition');
  if (kind === 'Switch') return value('value');
  if (kind === 'Subflow') return [value('namespace'), value('flowId')].filter(Boolean).join('.');
  if (kind.startsWith('Each') || kind.startsWith('ForEach')) {
    const values = written['values'] ?? written['value'];
    return Array.isArray(values) ? `${values.length} values` : typeof values === 'string' ? values : '';
  }
  return value('runIf') && `if ${value('runIf')}`;
}

function maps(value: unknown): Written[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function isMap(value: unknown): value is Written {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
