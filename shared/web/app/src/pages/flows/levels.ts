// The namespaces of a choice. A few are listed as a tree. Of many, only those that lead from the chosen one: the ones
// above it, and the level below it.

export interface Choice {
  id: string;
  /** How many levels are above. */
  depth: number;
}

/** More namespaces than this are chosen level by level. */
const MOST = 100;

export function levels(namespaces: readonly string[], chosen: string, most = MOST): Choice[] {
  const all = new Set<string>();
  for (const namespace of namespaces) {
    const parts = namespace.split('.');
    for (let count = 1; count <= parts.length; count += 1) all.add(parts.slice(0, count).join('.'));
  }
  if (chosen) all.add(chosen);
  const isNear = (id: string): boolean => {
    const above = id.slice(0, Math.max(0, id.lastIndexOf('.')));
    return above === '' || id === chosen || chosen.startsWith(`${id}.`) || above === chosen;
  };
  return [...all]
    .filter((id) => all.size <= most || isNear(id))
    .sort((one, other) => (key(one) < key(other) ? -1 : 1))
    .map((id) => ({ id, depth: id.split('.').length - 1 }));
}

/** Sorts a namespace behind the one above it, and before the next one at its level. */
function key(id: string): string {
  return id.replaceAll('.', '\u0001');
}
