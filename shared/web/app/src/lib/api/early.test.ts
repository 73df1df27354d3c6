import { expect, test, vi } from 'vitest';
import { begin, take } from './early';

test('an answer that is on its way is taken once, and only by its own request', async () => {
  const asked = vi.fn(() => Promise.resolve(new Response('[]')));
  vi.stubGlobal('fetch', asked);
  begin('/api/flows?page=1', {});
  expect(take('/api/flows?page=2')).toBeUndefined();
  expect(await (await take('/api/flows?page=1'))?.text()).toBe('[]');
  expect(take('/api/flows?page=1')).toBeUndefined();
  expect(asked).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

test('the page that takes a request hears of its failure', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no answer')));
  begin('/api/flows', {});
  await expect(take('/api/flows')).rejects.toThrow('no answer');
  vi.unstubAllGlobals();
});
