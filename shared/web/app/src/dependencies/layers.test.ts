import { describe, expect, it } from 'vitest';
import type { Dependencies } from '../lib/api/types';
import { BOX, columns, curve, layout } from './layers';

const graph = (names: string[], edges: [string, string][]): Dependencies => ({
  nodes: names.map((uid) => ({ uid, namespace: 'n', id: uid })),
  edges: edges.map(([source, target]) => ({ source, target, relation: 'FLOW_TASK' })),
});

describe('the layout of dependencies', () => {
  it('puts each flow after all flows before it', () => {
    const found = columns(
      graph(
        ['a', 'b', 'c', 'd'],
        [
          ['a', 'b'],
          ['b', 'c'],
          ['a', 'c'],
          ['a', 'd'],
        ],
      ),
    );
    expect([...found]).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 1],
    ]);
  });

  it('ends with flows that call each other, and with one that calls itself', () => {
    const { boxes } = layout(
      graph(
        ['a', 'b', 'c'],
        [
          ['a', 'b'],
          ['b', 'a'],
          ['c', 'c'],
        ],
      ),
    );
    expect(boxes.size).toBe(3);
  });

  it('lets 300 flows overlap nowhere', () => {
    const names = Array.from({ length: 300 }, (_, at) => `f${at}`);
    const edges = names.slice(1).map((name, at): [string, string] => [names[Math.floor(at / 7)] ?? '', name]);
    const { boxes, width, height } = layout(graph(names, edges));
    const all = [...boxes.values()];
    expect(all).toHaveLength(300);
    for (const [at, one] of all.entries())
      for (const other of all.slice(at + 1)) {
        const isApart =
          Math.abs(one.x - other.x) >= BOX.width + BOX.across ||
          Math.abs(one.y - other.y) >= BOX.height + BOX.down;
        expect(isApart, `${one.uid} and ${other.uid}`).toBe(true);
      }
    expect(Math.max(...all.map(({ x }) => x + BOX.width))).toBe(width);
    expect(Math.max(...all.map(({ y }) => y + BOX.height))).toBe(height);
  });

  it('leads an edge that passes a column between the rows', () => {
    const at = (column: number, row: number) => ({
      uid: '',
      x: column * (BOX.width + BOX.across),
      y: row * (BOX.height + BOX.down),
    });
    const lane = at(0, 1).y - BOX.down / 2;
    expect(curve(at(0, 0), at(2, 0))).toContain(` ${lane} L${at(2, 0).x - BOX.across} ${lane} `);
    expect(curve(at(0, 0), at(1, 0))).not.toContain('L');
    expect(curve(at(1, 0), at(0, 1))).not.toContain('L');
  });
});
