import { expect, it } from 'vitest';
import { limitOf } from './limit';

it('reads the limit of a flow, and says what becomes of others', () => {
  expect(limitOf({ concurrency: { limit: 2, behavior: 'FAIL' } })).toEqual({
    most: 2,
    words: 'Others fail at once.',
    fate: 'this one will fail',
  });
  expect(limitOf({ concurrency: { limit: '1' } })?.words).toContain('queue');
  expect(limitOf({})).toBeUndefined();
  expect(limitOf({ concurrency: null })).toBeUndefined();
});
