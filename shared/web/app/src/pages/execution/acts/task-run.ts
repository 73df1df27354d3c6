// What can be done from a single task run.
import type { TaskRun } from '../../../lib/api/types';
import type { MenuItem } from '../../../ui/Menu.svelte';
import { fixedReason } from './acts';
import { open } from './place';

export function actsOn(run: TaskRun): MenuItem[] {
  const reason = fixedReason(run);
  return [
    { name: 'Replay from here…', reason, act: () => open('replay', run.id) },
    { name: 'Change state…', reason, act: () => open('state', run.id) },
  ];
}
