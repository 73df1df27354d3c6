import { describe, expect, it, vi } from 'vitest';

vi.mock('../lib/theme.svelte', () => ({ theme: { choose: () => undefined } }));
vi.mock('../lib/format/time.svelte', () => ({ zone: { toggle: () => undefined } }));
vi.mock('../run/address', () => ({ runAddress: (namespace: string, id: string) => `${namespace}/${id}` }));
const { fixed, isId, labelOf } = await import('./items');

describe('the texts of the palette', () => {
  it('are labels, ids, or parts of names', () => {
    expect(labelOf('file=a b.csv ')).toEqual({ key: 'file', value: 'a b.csv' });
    expect(labelOf('file=')).toBeUndefined();
    expect(labelOf('two words=x')).toBeUndefined();
    expect(isId('0C4ipbnmM9RJpxI358Iprw')).toBe(true);
    expect(isId('nightly_load')).toBe(false);
    expect(fixed(' THEME').map(({ text }) => text)).toEqual([
      'Light theme',
      'Dark theme',
      'Theme of the system',
    ]);
    expect(fixed('').length).toBeGreaterThan(fixed('failed').length);
  });
});
