// Namespaces as a tree: a dot is a level.
import type { NamespacePage } from '../../lib/api/types';

export interface Row {
  id: string;
  /** The last part of the id. */
  name: string;
  /** How many levels are above. */
  depth: number;
  hasFlows: boolean;
}

/** The rows of the tree, each below the namespace that contains it. The API lists the namespaces above as well. */
export function rows(namespaces: NamespacePage['results']): Row[] {
  const parts = (id: string): string[] => id.split('.');
  return [...namespaces]
    .sort((one, other) => compare(parts(one.id), parts(other.id)))
    .map(({ id, disabled }) => ({
      id,
      name: parts(id).at(-1) ?? id,
      depth: parts(id).length - 1,
      hasFlows: !disabled,
    }));
}

function compare(one: string[], other: string[]): number {
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) {
    const [left = '', right = ''] = [one[at], other[at]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return one.length - other.length;
}
