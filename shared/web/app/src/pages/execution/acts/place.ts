// The open dialog is in the address, so that a link leads to it: `act`, and `on` for a task run. `resume=1` is short for
// the form of a pause, as messages to people have it.
import { router } from '../../../lib/url/router.svelte';
import type { ActId } from './acts';

/** Acts that ask something first. */
const DIALOGS: readonly ActId[] = [
  'restart',
  'resume',
  'kill',
  'replay',
  'unqueue',
  'state',
  'labels',
  'delete',
];

export interface Place {
  act: ActId;
  /** The id of the task run. Undefined for the execution as a whole. */
  on: string | undefined;
}

/** The dialog that an address opens. */
export function placeOf(params: URLSearchParams): Place | undefined {
  const named = params.get('resume') === '1' ? 'resume' : params.get('act');
  const act = DIALOGS.find((one) => one === named);
  return act && { act, on: params.get('on') ?? undefined };
}

export function open(act: ActId, on?: string): void {
  router.query((params) => {
    params.set('act', act);
    if (on === undefined) params.delete('on');
    else params.set('on', on);
  }, false);
}

export function close(): void {
  router.query((params) => {
    for (const key of ['act', 'on', 'resume']) params.delete(key);
  }, false);
}
