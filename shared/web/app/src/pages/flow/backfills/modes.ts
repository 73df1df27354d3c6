// Which of the chosen fire times a backfill runs.

export const MODES = [
  { id: 'MISSING', name: 'Missing', about: 'fire times without an execution' },
  {
    id: 'FAILED',
    name: 'Failed and missing',
    about: 'the last execution failed or was killed, or there is none',
  },
  { id: 'ALL', name: 'All', about: 'every fire time again' },
] as const;

export type Mode = (typeof MODES)[number]['id'];

export function isMode(text: string | null): text is Mode {
  return MODES.some(({ id }) => id === text);
}
