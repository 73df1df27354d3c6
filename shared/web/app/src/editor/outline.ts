// What a source declares, as far as completion needs it: inputs, variables and tasks. Reads a text that may have errors.

export interface Outline {
  namespace: string;
  flow: string;
  inputs: string[];
  variables: string[];
  /** The ids of tasks with their types. */
  tasks: { id: string; type: string }[];
}

const LISTS = ['tasks', 'errors', 'finally', 'afterExecution'];

export function outline(source: string): Outline {
  const found: Outline = { namespace: '', flow: '', inputs: [], variables: [], tasks: [] };
  let section = '';
  let id: string | undefined;
  for (const line of source.split('\n')) {
    const [, key, value = ''] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) {
      section = key;
      id = undefined;
      if (key === 'id') found.flow = bare(value);
      if (key === 'namespace') found.namespace = bare(value);
      continue;
    }
    const own = /^ *(?:- +)?id: *(\S+)/.exec(line)?.[1];
    const type = /^ *(?:- +)?type: *(\S+)/.exec(line)?.[1];
    if (own !== undefined) id = bare(own);
    if (section === 'inputs' && own !== undefined && id) found.inputs.push(id);
    if (section === 'variables') {
      const name = /^ {1,4}([\w-]+):/.exec(line)?.[1];
      if (name !== undefined && isShallow(line)) found.variables.push(name);
    }
    if (!LISTS.includes(section)) continue;
    if (own !== undefined && id) found.tasks.push({ id, type: '' });
    const last = found.tasks.at(-1);
    if (type !== undefined && last && last.type === '') last.type = bare(type);
  }
  return found;
}

function isShallow(line: string): boolean {
  return line.search(/\S/) <= 4;
}

function bare(value: string): string {
  return value.replace(/\s+#.*$/, '').replace(/^["']|["']$/g, '');
}
