// A line of text as parts, so that what was found in it can be marked.

export interface Part {
  text: string;
  isFound: boolean;
}

/** Cuts a text at the places where something was found. Places are in order and do not overlap. */
export function parts(text: string, places: readonly (readonly number[])[]): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const [begin = 0, end = 0] of places) {
    if (begin > from) found.push({ text: text.slice(from, begin), isFound: false });
    found.push({ text: text.slice(begin, end), isFound: true });
    from = end;
  }
  if (from < text.length) found.push({ text: text.slice(from), isFound: false });
  return found;
}
