// How many lines a change put in and took out.
import { diff } from '@codemirror/merge';

/** Counts lines. Each different line is one letter, so that the texts are compared line by line. */
export function changedLines(before: string, after: string): { added: number; removed: number } {
  const letters = new Map<string, string>();
  const written = (text: string): string =>
    text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => {
        const known = letters.get(line) ?? String.fromCharCode(letters.size + 1);
        letters.set(line, known);
        return known;
      })
      .join('');
  let [added, removed] = [0, 0];
  for (const change of diff(written(before), written(after))) {
    removed += change.toA - change.fromA;
    added += change.toB - change.fromB;
  }
  return { added, removed };
}
