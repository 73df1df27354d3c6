// How well a name fits what was typed. Parts of the typed text are found anywhere in the name, in their order, so that
// `bq que` finds `io.kestra.plugin.gcp.bigquery.Query`.

/** A higher number is a better match. Undefined if the name does not fit. */
export function fit(typed: string, name: string): number | undefined {
  const parts = typed
    .toLowerCase()
    .split(/[\s.]+/)
    .filter((part) => part !== '');
  if (parts.length === 0) return 0;
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  let score = 0;
  let from = 0;
  for (const part of parts) {
    const found = best(part, words, from);
    if (!found) return undefined;
    score += found.score;
    from = found.at;
  }
  if (name.toLowerCase().startsWith(typed.toLowerCase())) score += 50;
  // Of two names that fit equally well, the shorter one is better.
  return score - name.length / 100;
}

/** The word from a position on that fits a part best. */
function best(
  part: string,
  words: readonly string[],
  from: number,
): { score: number; at: number } | undefined {
  let found: { score: number; at: number } | undefined;
  for (let at = from; at < words.length; at++) {
    const word = words[at] ?? '';
    // The last words of a name say most.
    const score = fitWord(part, word) + (at / words.length) * 2;
    if (fitWord(part, word) > 0 && (!found || score > found.score)) found = { score, at };
  }
  // A part over several words, as in `filedown` for `FileDownload`.
  const joined = words.slice(from).join('');
  if (!found && joined.includes(part)) return { score: 3, at: from };
  return found;
}

function fitWord(part: string, word: string): number {
  if (word === part) return 12;
  if (word.startsWith(part)) return 10;
  if (word.includes(part)) return 5;
  return isSequence(part, word) ? 2 : 0;
}

/** Whether the letters of the part are in the word in their order, with the same first letter. */
function isSequence(part: string, word: string): boolean {
  if (word[0] !== part[0]) return false;
  let at = 0;
  for (const letter of part) {
    at = word.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The names that fit, best first. */
export function fitting<T>(typed: string, all: readonly T[], name: (one: T) => string): T[] {
  return all
    .flatMap((one) => {
      const score = fit(typed, name(one));
      return score === undefined ? [] : [{ one, score }];
    })
    .sort((left, right) => right.score - left.score)
    .map(({ one }) => one);
}
