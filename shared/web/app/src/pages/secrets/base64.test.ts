import { expect, it } from 'vitest';
import { decoded } from './base64';

it('knows base64 of a text, and takes nothing else for it', () => {
  expect(decoded(btoa('{"type": "service_account"}'))).toBe('{"type": "service_account"}');
  expect(decoded('correcthorsebatt')).toBeUndefined();
  expect(decoded('c2hvcnQ=')).toBeUndefined();
  expect(decoded('{"a": 1}')).toBeUndefined();
  expect(decoded(btoa('\u0000\u0001\u0002 and 20 more'))).toBeUndefined();
});
