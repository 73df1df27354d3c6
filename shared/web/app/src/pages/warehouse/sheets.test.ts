import { expect, it } from 'vitest';
import { without, withText, type Sheets } from './sheets';

const two: Sheets = {
  all: [
    { id: 1, text: 'SELECT 1' },
    { id: 4, text: 'SELECT 4' },
  ],
  chosen: 1,
};

it('shows a text once, and takes an empty one for it', () => {
  expect(withText(two, 'SELECT 4')).toEqual({ ...two, chosen: 4 });
  expect(withText(two, 'SELECT 5')).toEqual({ all: [...two.all, { id: 5, text: 'SELECT 5' }], chosen: 5 });
  expect(withText({ all: [{ id: 1, text: ' ' }], chosen: 1 }, 'x')).toEqual({
    all: [{ id: 1, text: 'x' }],
    chosen: 1,
  });
});

it('closes a text, and always has one', () => {
  expect(without(two, 1)).toEqual({ all: [{ id: 4, text: 'SELECT 4' }], chosen: 4 });
  expect(without(two, 4).chosen).toBe(1);
  expect(without({ all: [{ id: 4, text: 'x' }], chosen: 4 }, 4)).toEqual({
    all: [{ id: 4, text: '' }],
    chosen: 4,
  });
});
