// The axis of the Gantt chart. Long stretches in which nothing works are cut, so that a retry after an hour or a
// restart on the next day does not flatten everything else.
import type { Bar } from './bars';

/** A stretch of time that is drawn. `cut` is what is left out before it, in ms. */
export interface Piece {
  from: number;
  to: number;
  cut: number;
}

export interface Axis {
  pieces: Piece[];
  /** The drawn time, in ms. */
  length: number;
}

/** The smallest stretch that is cut, as a part of the whole. */
const IDLE = 0.1;
/** How much of a cut stretch stays at each side, as a part of the time with work. */
const MARGIN = 0.02;

/** The axis of some bars. */
export function axis(bars: readonly Bar[]): Axis {
  const busy = union(bars.filter((bar) => bar.kind === 'work'));
  const all = union(bars);
  const first = all[0];
  const last = all.at(-1);
  if (!first || !last) return { pieces: [], length: 0 };
  const whole = last.to - first.from;
  const work = busy.reduce((sum, { from, to }) => sum + to - from, 0);
  const margin = Math.max(work * MARGIN, 1);
  const pieces: Piece[] = [{ from: first.from, to: first.from, cut: 0 }];
  const piece = () => pieces[pieces.length - 1] as Piece;
  for (const { from, to } of busy) {
    const idle = from - piece().to;
    if (idle > whole * IDLE && idle > 4 * margin) {
      piece().to += margin;
      pieces.push({ from: from - margin, to, cut: idle - 2 * margin });
    }
    piece().to = Math.max(piece().to, to);
  }
  const rest = last.to - piece().to;
  piece().to = rest > whole * IDLE && rest > 4 * margin && busy.length > 0 ? piece().to + margin : last.to;
  return { pieces, length: pieces.reduce((sum, { from, to }) => sum + to - from, 0) };
}

/** Where an instant is on the axis, as a part from 0 to 1. An instant in a cut is at the cut. */
export function place({ pieces, length }: Axis, instant: number): number {
  if (length === 0) return 0;
  let before = 0;
  for (const { from, to } of pieces) {
    if (instant <= to) return (before + Math.max(0, instant - from)) / length;
    before += to - from;
  }
  return 1;
}

/** Where ticks are: round steps since the start, at most `most` of them. */
export function ticks({ pieces, length }: Axis, most: number): { at: number; offset: number }[] {
  const start = pieces[0]?.from ?? 0;
  const step = STEPS.find((one) => length / one <= most) ?? Math.ceil(length / most);
  const found: { at: number; offset: number }[] = [];
  let before = 0;
  for (const { from, to } of pieces) {
    for (let offset = Math.ceil((from - start) / step) * step; offset <= to - start; offset += step) {
      found.push({ at: (before + offset - (from - start)) / length, offset });
    }
    before += to - from;
  }
  return found;
}

const SECOND = 1000;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map(
    (count) => count * SECOND,
  ),
];

function union(bars: readonly Bar[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const { from, to } of [...bars].sort((one, other) => one.from - other.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}
