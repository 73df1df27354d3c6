// Where a cursor is in YAML: which map it is in, which keys the map has, and what leads to it. Reads lines by their
// indentation, so that a text that is being written can be read as well.

/** Where the cursor is. */
export interface Place {
  kind: 'key' | 'value';
  /** The keys that lead to the map, outermost first: `tasks`, `then`. Positions in lists are left out. */
  path: string[];
  /** The `type` of each map: of the flow, then of the map below each key of the path. */
  types: (string | undefined)[];
  /** The other keys of the map, with their values. */
  keys: ReadonlyMap<string, string>;
  /** The key of the value. Empty for a key. */
  key: string;
  /** What is written between the start of the key or value and the cursor. */
  text: string;
  /** The column at which the map begins, from 0. */
  column: number;
}

interface Line {
  /** Spaces before the first letter or dash. */
  indent: number;
  /** Whether the line begins an item of a list. */
  isItem: boolean;
  /** The column of the key, after spaces and dashes. */
  column: number;
  key: string | undefined;
  value: string;
}

/** The map around a line. */
interface MapAt {
  keys: Map<string, string>;
  /** The line with the key that has the map, or -1 for the flow itself. */
  parent: number;
}

const ITEM = /^( *)((?:- +|-$)*)(.*)$/;
const KEY = /^["']?([\w.$/-]+)["']?:(?:\s+(.*))?$/;
/** The beginning of a text of several lines. */
const BLOCK = /^[|>][+-]?\d?[+-]?\s*(?:#.*)?$/;

function read(text: string | undefined): Line | undefined {
  const [, spaces = '', dashes = '', rest = ''] = ITEM.exec(text ?? '') ?? [];
  if (dashes === '' && (rest.trim() === '' || rest.startsWith('#'))) return undefined;
  const [, key, value = ''] = KEY.exec(rest) ?? [];
  return {
    indent: spaces.length,
    isItem: dashes !== '',
    column: spaces.length + dashes.length,
    key,
    value: value.trim(),
  };
}

/** Finds the place of a cursor. Undefined where nothing can be completed: in a comment. */
export function placeAt(lines: readonly string[], row: number, column: number): Place | undefined {
  const before = (lines[row] ?? '').slice(0, column);
  if (/(^|\s)#/.test(before) && !before.includes('{{')) return undefined;
  const block = blockAround(lines, row, before);
  if (block !== undefined) {
    const line = read(lines[block]);
    return line && { ...mapOf(lines, block, line), kind: 'value', key: line.key ?? '', text: before };
  }
  const line = read(before) ?? { indent: column, isItem: false, column, key: undefined, value: '' };
  const of = mapOf(lines, row, line);
  if (line.key !== undefined) {
    const [, typed = ''] = /:\s+(.*)$/.exec(before.slice(line.column)) ?? [];
    return { ...of, kind: 'value', key: line.key, text: typed };
  }
  return { ...of, kind: 'key', key: '', text: before.slice(line.column) };
}

type Around = Pick<Place, 'path' | 'types' | 'keys' | 'column'>;

function mapOf(lines: readonly string[], row: number, line: Line): Around {
  const own = mapAt(lines, row, line);
  const path: string[] = [];
  const types = [typeOf(own)];
  for (let at = own.parent; at >= 0;) {
    const parent = read(lines[at]);
    if (!parent) break;
    path.unshift(parent.key ?? '');
    const around = mapAt(lines, at, parent);
    types.unshift(typeOf(around));
    at = around.parent;
  }
  // A type is the one of the task, and not of the flow, which has none.
  return { path, types, keys: own.keys, column: line.column };
}

function typeOf({ keys }: MapAt): string | undefined {
  const written = keys
    .get('type')
    ?.replace(/\s+#.*$/, '')
    .replace(/^["']|["']$/g, '');
  return written === '' ? undefined : written;
}

/** The keys next to those of a line, and the line above that has the map. */
function mapAt(lines: readonly string[], row: number, { column, isItem, indent, key, value }: Line): MapAt {
  const keys = new Map<string, string>();
  if (key !== undefined) keys.set(key, value);
  let dash = isItem ? indent : -1;
  let parent = -1;
  let at = row - 1;
  for (; dash < 0 && at >= 0; at--) {
    const line = read(lines[at]);
    if (!line || line.column > column) continue;
    if (line.column < column) {
      parent = at;
      break;
    }
    if (line.key !== undefined) keys.set(line.key, line.value);
    if (line.isItem) dash = line.indent;
  }
  if (dash >= 0) parent = holderOfList(lines, at, dash);
  for (let next = row + 1; next < lines.length; next++) {
    const line = read(lines[next]);
    if (!line) continue;
    if (line.indent < column) break;
    if (line.column === column && !line.isItem && line.key !== undefined) keys.set(line.key, line.value);
  }
  return { keys, parent };
}

/** The line above with the key of a list that has its dashes at a column. */
function holderOfList(lines: readonly string[], from: number, dash: number): number {
  for (let at = from; at >= 0; at--) {
    const line = read(lines[at]);
    if (line && line.column <= dash && (!line.isItem || line.indent < dash)) return at;
  }
  return -1;
}

/** The line that begins the text of several lines which a line is a part of. */
function blockAround(lines: readonly string[], row: number, before: string): number | undefined {
  const own = before.trim() === '' ? before.length : before.search(/\S/);
  let indent = own;
  for (let at = row - 1; at >= 0 && indent > 0; at--) {
    const text = lines[at] ?? '';
    if (text.trim() === '') continue;
    const line = read(text);
    const leading = text.search(/\S/);
    if (leading >= indent) continue;
    if (line && line.column < own && BLOCK.test(line.value)) return at;
    indent = leading;
  }
  return undefined;
}
