// What can be done with several executions at once.
import { post, removeAll } from '../../../lib/api/client';
import type { Execution } from '../../../lib/api/types';
import { acts } from '../../execution/acts/acts';

export type BulkId = 'restart' | 'replay' | 'pause' | 'resume' | 'kill' | 'delete';

export interface Bulk {
  id: BulkId;
  name: string;
  /** What happens, in a sentence. */
  about: string;
  isDangerous: boolean;
}

export const BULK: Bulk[] = [
  {
    id: 'restart',
    name: 'Restart',
    about: 'Each goes on from the tasks that failed, and keeps the outputs of the others.',
    isDangerous: false,
  },
  {
    id: 'replay',
    name: 'Replay',
    about: 'A new execution runs everything again for each.',
    isDangerous: false,
  },
  {
    id: 'pause',
    name: 'Pause',
    about: 'No new task begins until somebody resumes them.',
    isDangerous: false,
  },
  { id: 'resume', name: 'Resume', about: 'Each goes on after its pause.', isDangerous: false },
  { id: 'kill', name: 'Kill', about: 'What has not ended is stopped.', isDangerous: true },
  {
    id: 'delete',
    name: 'Delete',
    about: 'They are deleted with their logs and files, and cannot be brought back.',
    isDangerous: true,
  },
];

/** The executions that allow an act in their state. */
export function fitting(id: BulkId, executions: readonly Execution[]): Execution[] {
  return executions.filter((one) => acts(one).some((act) => act.id === id && act.reason === ''));
}

/** What is acted on: these executions, or all that match a query. */
export type Target = { ids: string[] } | { query: URLSearchParams };

export async function run(id: BulkId, target: Target): Promise<number> {
  const isList = 'ids' in target;
  const end = isList ? 'by-ids' : 'by-query';
  const query = new URLSearchParams(isList ? {} : target.query);
  // The list shows what runs as well, and somebody who deletes chose from it.
  if (id === 'delete') query.set('includeNonTerminated', 'true');
  const body = isList ? target.ids : undefined;
  const address = id === 'delete' ? `/executions/${end}` : `/executions/${id}/${end}`;
  const ask = id === 'delete' || id === 'kill' ? removeAll : post;
  const { count } = await ask<{ count: number }>(address, body, { query });
  return count;
}
