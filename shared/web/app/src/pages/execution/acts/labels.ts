// The rows of the form for labels: which ones are sent, and what is wrong with them.
import type { Label } from '../../../lib/api/types';

export interface LabelRow extends Label {
  /** Whether the execution has this label already. Its key is fixed then. */
  isOld: boolean;
}

/** The labels that are new or have another value. Rows without any text are left out. */
export function changed(rows: readonly LabelRow[], old: readonly Label[]): Label[] {
  return rows
    .map(({ key, value }) => ({ key: key.trim(), value: value.trim() }))
    .filter(({ key, value }) => key !== '' && old.find((label) => label.key === key)?.value !== value);
}

/** What is wrong with the rows, in a sentence. Empty if they can be sent. */
export function problem(rows: readonly LabelRow[]): string {
  const keys = rows.map(({ key }) => key.trim()).filter((key) => key !== '');
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) return `The key ${twice} is there twice.`;
  const system = rows.find(({ key, isOld }) => !isOld && key.trim().startsWith('system.'));
  if (system) return 'Keys that begin with “system.” are Segue’s own.';
  const bare = rows.find(({ key, value }) => (key.trim() === '') !== (value.trim() === ''));
  if (!bare) return '';
  return bare.key.trim() === ''
    ? `The value ${bare.value.trim()} has no key.`
    : `The key ${bare.key.trim()} has no value.`;
}
