// Where the flows of a graph of dependencies are drawn: in columns from left to right, each after the flows before it,
// and in rows that never overlap.
import type { Dependencies } from '../lib/api/types';

export const BOX = { width: 210, height: 40, across: 70, down: 12 };

export interface Placed {
  uid: string;
  x: number;
  y: number;
}

export interface Layout {
  boxes: Map<string, Placed>;
  width: number;
  height: number;
}

/** The column of each flow: one more than that of the last flow before it. Flows that wait for each other share one. */
export function columns({ nodes, edges }: Dependencies): Map<string, number> {
  const found = new Map(nodes.map(({ uid }) => [uid, 0]));
  // A column is moved at most once for each flow, so a circle ends too.
  for (let round = 0; round < nodes.length; round += 1) {
    let isMoved = false;
    for (const { source, target } of edges) {
      const wanted = (found.get(source) ?? 0) + 1;
      if (source !== target && wanted > (found.get(target) ?? 0) && wanted < nodes.length) {
        found.set(target, wanted);
        isMoved = true;
      }
    }
    if (!isMoved) break;
  }
  return found;
}

/** Places every flow. Within a column, flows are near those that they come after. */
export function layout(graph: Dependencies): Layout {
  const before = new Map<string, string[]>();
  for (const { source, target } of graph.edges) before.set(target, [...(before.get(target) ?? []), source]);
  const byColumn = new Map<number, string[]>();
  for (const [uid, column] of columns(graph)) byColumn.set(column, [...(byColumn.get(column) ?? []), uid]);
  const boxes = new Map<string, Placed>();
  let height = 0;
  const used = [...byColumn.keys()].sort((one, other) => one - other);
  used.forEach((column, at) => {
    const middle = (uid: string): number => {
      const above = (before.get(uid) ?? []).flatMap((one) => boxes.get(one)?.y ?? []);
      return above.length === 0 ? 0 : above.reduce((sum, y) => sum + y, 0) / above.length;
    };
    const sorted = [...(byColumn.get(column) ?? [])].sort(
      (one, other) => middle(one) - middle(other) || one.localeCompare(other),
    );
    sorted.forEach((uid, row) => {
      const place = { uid, x: at * (BOX.width + BOX.across), y: row * (BOX.height + BOX.down) };
      boxes.set(uid, place);
      height = Math.max(height, place.y + BOX.height);
    });
  });
  return { boxes, width: used.length * (BOX.width + BOX.across) - BOX.across, height };
}
