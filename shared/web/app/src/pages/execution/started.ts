// Which execution started another one: as a subflow, or by a trigger that waits for its flow.
import type { Execution } from '../../lib/api/types';

/** An execution by its place in the addresses of the pages. */
export interface Place {
  namespace: string;
  flowId: string;
  id: string;
}

/** The execution that started this one. Undefined if somebody else did. */
export function startedBy({ trigger }: Execution): Place | undefined {
  const { executionId: id, namespace, flowId } = trigger?.variables ?? {};
  const isPlace = typeof id === 'string' && typeof namespace === 'string' && typeof flowId === 'string';
  return isPlace ? { namespace, flowId, id } : undefined;
}
