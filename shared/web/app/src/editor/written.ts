// A source as values, with the lines of its tasks. Reads a text with errors as far as it can be read: a broken part is
// left out, and everything else stays.
import { yamlLanguage } from '@codemirror/lang-yaml';

type SyntaxNode = ReturnType<typeof yamlLanguage.parser.parse>['topNode'];

export interface Lines {
  /** The first and the last line, from 1. */
  from: number;
  to: number;
}

export interface Written {
  flow: Record<string, unknown>;
  /** Where maps with an `id` are. */
  places: { id: string; lines: Lines; value: Record<string, unknown> }[];
}

/** Reads a source. */
export function read(source: string): Written {
  const reader = new Reader(source);
  const tree = yamlLanguage.parser.parse(source);
  const document = tree.topNode.getChild('Document');
  const value = document && reader.value(document.firstChild);
  return { flow: isMap(value) ? value : {}, places: reader.places };
}

/** The maps with an `id` around a line, innermost first. */
export function around({ places }: Written, line: number): Written['places'] {
  return places
    .filter(({ lines }) => lines.from <= line && line <= lines.to)
    .sort((left, right) => right.lines.from - left.lines.from || left.lines.to - right.lines.to);
}

class Reader {
  readonly places: Written['places'] = [];
  readonly #starts: number[];

  constructor(readonly source: string) {
    this.#starts = [0];
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  value(node: SyntaxNode | null): unknown {
    switch (node?.name) {
      case 'BlockMapping':
      case 'FlowMapping':
        return this.#map(node);
      case 'BlockSequence':
      case 'FlowSequence':
        return node.getChildren('Item').map((item) => this.value(last(item)));
      case 'QuotedLiteral':
        return unquoted(this.#text(node));
      case 'Literal':
        return scalar(this.#text(node));
      case 'BlockLiteral':
        return this.#text(node).replace(/^[^\n]*\n?/, '');
      case 'Tagged':
      case 'Anchored':
        return this.value(last(node));
      default:
        return undefined;
    }
  }

  #map(node: SyntaxNode): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const pair of node.getChildren('Pair')) {
      const key = pair.getChild('Key');
      const value = last(pair);
      if (!key || !value || value.name === 'Key') continue;
      const name = this.value(key.firstChild);
      if (typeof name === 'string') found[name] = this.value(value);
    }
    const { id } = found;
    if (typeof id === 'string') this.places.push({ id, lines: this.#lines(node), value: found });
    return found;
  }

  #lines({ from, to }: SyntaxNode): Lines {
    const end = this.source.slice(from, to).trimEnd().length + from;
    return { from: this.#line(from), to: this.#line(end) };
  }

  #line(position: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  #text({ from, to }: SyntaxNode): string {
    return this.source.slice(from, to);
  }
}

/** The last child that is no error and no punctuation. */
function last(node: SyntaxNode): SyntaxNode | null {
  for (let child = node.lastChild; child; child = child.prevSibling)
    if (!child.type.isError && /^[A-Z]/.test(child.name) && child.name !== 'Comment') return child;
  return null;
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text === 'null' || text === '~' ? null : text;
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1);
  return text.startsWith("'") ? inner.replaceAll("''", "'") : inner.replace(/\\(["\\/])/g, '$1');
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
