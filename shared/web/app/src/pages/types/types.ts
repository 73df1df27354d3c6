// The search over all types.
import { fitting } from '../../editor/match';
import type { PluginType } from '../../lib/api/types';

/** The types that fit: those with the words in their name or in an older name, best first, then those that do it. */
export function matching(search: string, all: readonly PluginType[]): PluginType[] {
  const named = fitting(search, all, ({ name }) => name);
  const wanted = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const others = all.filter(({ name, about = '', aliases = [] }) => {
    const text = [name, about, ...aliases].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  return [...new Set([...named, ...others])];
}
