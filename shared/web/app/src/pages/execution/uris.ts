// The files of internal storage that a value names, at any depth.

const SCHEME = 'kestra://';

/** Each URI once, in the order of the value. */
export function uris(value: unknown): string[] {
  const found = new Set<string>();
  const visit = (one: unknown): void => {
    if (typeof one === 'string') {
      if (one.startsWith(SCHEME)) found.add(one);
    } else if (one !== null && typeof one === 'object') {
      Object.values(one).forEach(visit);
    }
  };
  visit(value);
  return [...found];
}
