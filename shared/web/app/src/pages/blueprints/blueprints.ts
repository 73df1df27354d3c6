// The search over blueprints.
import type { Blueprint } from '../../lib/api/types';

/** The blueprints with all of these words in what they are, in their order. */
export function matching(search: string, all: readonly Blueprint[]): Blueprint[] {
  const wanted = search.toLowerCase().split(/\s+/);
  return all.filter(({ id, title, description, tags, types, flowId }) => {
    const text = [id, title, description, flowId, ...tags, ...types].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
