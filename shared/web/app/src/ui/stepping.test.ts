import { expect, test } from 'vitest';
import { step } from './stepping';

test('arrows go from place to place and stop at the ends', () => {
  expect(step('ArrowLeft', 0, 3)).toBe(0);
  expect(step('ArrowRight', 1, 3)).toBe(2);
  expect(step('ArrowRight', 2, 3)).toBe(2);
  expect(step('Home', 2, 3)).toBe(0);
  expect(step('End', 0, 3)).toBe(2);
  expect(step('Enter', 0, 3)).toBeUndefined();
});
