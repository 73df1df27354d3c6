// The tasks of a flow by their id, with their place in it. The source of a flow is nested by the kind of each task.
import type { FlowPart } from '../../../lib/api/types';

/** A task, and where it stands. */
export interface Planned {
  part: FlowPart;
  /** The id of the task around it. Empty for tasks of the flow itself. */
  parent: string;
  /** The list that it is in: `tasks`, `errors`, `then`, … */
  branch: string;
  position: number;
  dependsOn: readonly string[];
}

export type Plan = ReadonlyMap<string, Planned>;

/** The lists of a flow itself. */
const OF_FLOW = ['tasks', 'errors', 'finally', 'afterExecution'] as const;
/** The lists of a task. `cases` holds lists by their value. */
const OF_TASK = ['tasks', 'then', 'else', 'defaults', 'errors', 'finally'] as const;

export function planOf(flow: Readonly<Record<string, unknown>>): Plan {
  const found = new Map<string, Planned>();
  for (const branch of OF_FLOW) list(flow[branch], '', branch, found);
  return found;
}

function list(value: unknown, parent: string, branch: string, found: Map<string, Planned>): void {
  if (!Array.isArray(value)) return;
  value.forEach((item: unknown, position) => {
    // A task of a Dag stands beside the names of the tasks that it waits for.
    const beside = isObject(item) && isObject(item['task']) ? item : undefined;
    const part = beside ? beside['task'] : item;
    if (!isPart(part)) return;
    const names = beside?.['dependsOn'];
    const dependsOn = Array.isArray(names) ? names.map(String) : [];
    found.set(part.id, { part, parent, branch, position, dependsOn });
    for (const inner of OF_TASK) list(part[inner], part.id, inner, found);
    const cases = part['cases'];
    if (isObject(cases)) {
      for (const [name, inner] of Object.entries(cases)) list(inner, part.id, `cases.${name}`, found);
    }
    if (isPart(part['onPause'])) list([part['onPause']], part.id, 'onPause', found);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isPart(value: unknown): value is FlowPart {
  return isObject(value) && typeof value['id'] === 'string';
}

/** The last part of the type of a task, such as `ForEach`. */
export function kindOf(planned: Planned | undefined): string {
  return planned?.part.type?.split('.').at(-1) ?? '';
}

/** Why a replay with another revision cannot begin at a task. Empty if it can. */
export function missing(task: string, old: Plan, next: Plan, revision: number): string {
  const [was, is] = [old.get(task), next.get(task)];
  if (!was) return '';
  if (!is) return `Revision ${revision} of the flow has no task ${task}.`;
  const isSame = was.parent === is.parent && was.branch === is.branch && was.part.type === is.part.type;
  return isSame
    ? ''
    : `In revision ${revision} of the flow, task ${task} is another one, or stands elsewhere.`;
}
