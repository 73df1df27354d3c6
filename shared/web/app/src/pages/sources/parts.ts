// The lines of a flow with a text, with the places to be marked.
import type { components } from '../../lib/api/generated';

type Match = components['schemas']['SourceMatch'];

export interface Part {
  text: string;
  isFound: boolean;
}

export interface Line {
  number: number;
  parts: Part[];
}

/** The lines of matches, each once. Matches are in the order of the source and do not overlap. */
export function linesOf(matches: readonly Match[]): Line[] {
  const lines = new Map<number, Match[]>();
  for (const match of matches) lines.set(match.line, [...(lines.get(match.line) ?? []), match]);
  return [...lines].map(([number, found]) => ({ number, parts: partsOf(found) }));
}

/** Columns count characters, and a text counts UTF-16 units. */
function partsOf(matches: readonly Match[]): Part[] {
  const letters = [...(matches[0]?.snippet ?? '')];
  const parts: Part[] = [];
  let from = 0;
  const add = (to: number, isFound: boolean): void => {
    if (to > from) parts.push({ text: letters.slice(from, to).join(''), isFound });
    from = Math.max(from, to);
  };
  for (const { column, length } of matches) {
    add(column, false);
    add(column + (length ?? 0), true);
  }
  add(letters.length, false);
  return parts;
}
