// Draws the bars of the Gantt chart on a canvas: only the rows that are visible.
import { look } from '../../lib/state';
import { place, ticks, type Axis } from './axis';
import type { Bar } from './bars';
import { duration } from '../../lib/format/duration';

export const ROW = 28;
const BAR = 12;

/** What is drawn: bars of the visible rows, and the axis of all rows. */
export interface Picture {
  rows: readonly Bar[][];
  axis: Axis;
  width: number;
  /** The row that is chosen, or -1. */
  chosen: number;
}

/** Draws the picture. Colours are those of the tokens of the canvas element. */
export function paint(canvas: HTMLCanvasElement, { rows, axis, width, chosen }: Picture): void {
  const height = Math.max(1, rows.length * ROW);
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (!context || width <= 0) return;
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const x = (instant: number) => 4 + place(axis, instant) * (width - 8);
  if (chosen >= 0) {
    context.fillStyle = colour('--panel');
    context.fillRect(0, chosen * ROW, width, ROW);
  }
  context.strokeStyle = colour('--line');
  context.lineWidth = 1;
  for (const { at } of ticks(axis, width / 80)) line(context, 4 + at * (width - 8), 0, height);
  context.setLineDash([3, 3]);
  context.strokeStyle = colour('--muted');
  for (const { from } of axis.pieces.slice(1)) line(context, x(from), 0, height);
  context.setLineDash([]);
  rows.forEach((bars, row) => {
    for (const bar of bars) {
      const left = x(bar.from);
      const box = { left, top: row * ROW + (ROW - BAR) / 2, width: Math.max(2, x(bar.to) - left) };
      draw(context, bar, box, colour(`--state-${look(bar.state).token}`), colour('--page'));
    }
  });
}

interface Box {
  left: number;
  top: number;
  width: number;
}

/** Each kind of bar has a pattern, so that it is seen without colours. */
function draw(
  context: CanvasRenderingContext2D,
  bar: Bar,
  { left, top, width }: Box,
  colour: string,
  page: string,
): void {
  context.strokeStyle = context.fillStyle = colour;
  const middle = Math.round(top + BAR / 2) + 0.5;
  if (bar.kind === 'retry' || bar.kind === 'waiting') {
    context.setLineDash(bar.kind === 'retry' ? [1, 4] : [4, 3]);
    context.lineWidth = bar.kind === 'retry' ? 3 : 1.5;
    context.beginPath();
    context.moveTo(left, middle);
    context.lineTo(left + width, middle);
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
    return;
  }
  if (bar.kind === 'paused') {
    context.strokeRect(left + 0.5, top + 0.5, Math.max(1, width - 1), BAR - 1);
    return;
  }
  context.fillRect(left, top, width, BAR);
  if (bar.state !== 'FAILED' && bar.state !== 'KILLED') return;
  context.save();
  context.beginPath();
  context.rect(left, top, width, BAR);
  context.clip();
  context.strokeStyle = page;
  context.lineWidth = 1.5;
  for (let at = left - BAR; at < left + width; at += 6) {
    context.beginPath();
    context.moveTo(at, top + BAR);
    context.lineTo(at + BAR, top);
    context.stroke();
  }
  context.restore();
}

function line(context: CanvasRenderingContext2D, x: number, top: number, height: number): void {
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, top);
  context.lineTo(Math.round(x) + 0.5, top + height);
  context.stroke();
}

/** The words of a tick. */
export function tick(offset: number): string {
  return offset === 0 ? '0' : duration(offset).replace(/\.0+ s$/, ' s');
}
