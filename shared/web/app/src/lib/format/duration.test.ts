import { expect, it } from 'vitest';
import { duration } from './duration';

it('writes durations in two units at most, exact below ten seconds', () => {
  const cases: [number, string][] = [
    [-5, '0 ms'],
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999.6, '1.000 s'],
    [9345, '9.345 s'],
    [10_040, '10.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [621_000, '10 min 21 s'],
    [3_600_000, '1 h'],
    [7_530_000, '2 h 6 min'],
    [86_399_000, '1 d'],
    [273_600_000, '3 d 4 h'],
  ];
  for (const [ms, text] of cases) expect(duration(ms), String(ms)).toBe(text);
});
