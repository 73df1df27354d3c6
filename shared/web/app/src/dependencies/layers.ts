// Where the boxes of a graph are drawn: in columns from left to right, each after the boxes before it, and in rows that
// never overlap.

export const BOX = { width: 210, height: 40, across: 70, down: 12 };

/** Boxes, and which comes before which. */
export interface Layered {
  nodes: { uid: string }[];
  edges: { source: string; target: string }[];
}

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

/** The column of each box: one more than that of the last box before it. Boxes that wait for each other share one. */
export function columns({ nodes, edges }: Layered): Map<string, number> {
  const found = new Map(nodes.map(({ uid }) => [uid, 0]));
  // A column is moved at most once for each box, so a circle ends too.
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

/** Places every box. Within a column, boxes are near those that they come after. */
export function layout(graph: Layered): Layout {
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

/** The path of an edge. One that passes columns runs between two rows, so that it is not hidden behind boxes. */
export function curve(from: Placed, to: Placed): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  if (x2 - x1 <= BOX.across) {
    const bend = Math.max(BOX.across / 2, Math.abs(x2 - x1) / 3);
    return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  const lane = from.y + BOX.height + BOX.down / 2;
  const [start, end, half] = [x1 + BOX.across, x2 - BOX.across, BOX.across / 2];
  return [
    `M${x1} ${y1} C${x1 + half} ${y1} ${start - half} ${lane} ${start} ${lane}`,
    `L${end} ${lane} C${end + half} ${lane} ${x2 - half} ${y2} ${x2} ${y2}`,
  ].join(' ');
}
