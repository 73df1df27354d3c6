// Which keys of the namespaces above a flow reads, and which a nearer namespace hides.
import type { KvKey } from '../../lib/api/types';

export interface Inherited {
  key: KvKey;
  /** The nearer namespace with the same key. Absent if a flow reads this key. */
  hiddenBy: string | undefined;
}

/** `above` has the keys of the nearest namespace first, as the API answers them. */
export function inherited(own: KvKey[], above: KvKey[]): Inherited[] {
  const nearest = new Map(own.map(({ key, namespace }) => [key, namespace]));
  return above.map((key) => {
    const hiddenBy = nearest.get(key.key);
    if (hiddenBy === undefined) nearest.set(key.key, key.namespace);
    return { key, hiddenBy };
  });
}
