import { describe, expect, it } from 'vitest';
import { axis, place, ticks } from './axis';
import type { Bar } from './bars';

const work = (from: number, to: number): Bar => ({ from, to, state: 'SUCCESS', kind: 'work' });
const retry = (from: number, to: number): Bar => ({ from, to, state: 'RETRYING', kind: 'retry' });

describe('the axis of the Gantt chart', () => {
  it('is the whole time if something works all the time', () => {
    const plain = axis([work(1000, 2000), work(1500, 5000)]);
    expect(plain).toEqual({ pieces: [{ from: 1000, to: 5000, cut: 0 }], length: 4000 });
    expect([1000, 3000, 5000, 9000].map((at) => place(plain, at))).toEqual([0, 0.5, 1, 1]);
  });

  it('cuts a long wait, and says how long it was', () => {
    const hour = 3_600_000;
    const cut = axis([work(0, 10_000), retry(10_000, hour), work(hour, hour + 10_000)]);
    expect(cut.pieces).toHaveLength(2);
    expect(cut.pieces[1]?.cut).toBe(hour - 10_000 - 800);
    expect(cut.length).toBe(20_800);
    expect(place(cut, 10_000)).toBeCloseTo(0.48, 2);
    expect(place(cut, hour / 2)).toBeCloseTo(0.5, 2);
    expect(place(cut, hour + 10_000)).toBe(1);
    for (let at = 0, before = 0; at < hour; at += 10_000) {
      expect(place(cut, at)).toBeGreaterThanOrEqual(before);
      before = place(cut, at);
    }
  });

  it('has round ticks', () => {
    const offsets = ticks(axis([work(500, 10_500)]), 6).map(({ offset }) => offset);
    expect(offsets).toEqual([0, 2000, 4000, 6000, 8000, 10000]);
    expect(ticks(axis([]), 6)).toEqual([]);
    expect(ticks(axis([work(0, 864_000_000_000)]), 5).length).toBeLessThanOrEqual(6);
  });
});
