// Lines that a search found, grouped by their execution.
import type { components } from '../../lib/api/generated';

type Schemas = components['schemas'];
export type FoundLine = Schemas['FoundLine'];
export type FoundPage = Schemas['LogsPage'];

export interface Group {
  executionId: string;
  namespace: string;
  flowId: string;
  lines: FoundLine[];
}

/** Lines that follow each other and are of the same execution are one group. */
export function groups(lines: readonly FoundLine[]): Group[] {
  const found: Group[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last?.executionId === line.executionId) last.lines.push(line);
    else {
      const { executionId, namespace, flowId } = line;
      found.push({ executionId, namespace, flowId, lines: [line] });
    }
  }
  return found;
}
