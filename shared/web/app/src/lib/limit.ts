// The concurrency limit of a flow, and what it does with an execution above the limit.

export interface Limit {
  most: number;
  words: string;
  /** What becomes of one execution more. */
  fate: string;
}

const WORDS: Readonly<Record<string, string>> = {
  QUEUE: 'Others wait in the queue, the first one first.',
  FAIL: 'Others fail at once.',
  CANCEL: 'Others are cancelled at once.',
};

const FATES: Readonly<Record<string, string>> = {
  QUEUE: 'this one will wait',
  FAIL: 'this one will fail',
  CANCEL: 'this one will be cancelled',
};

/** The limit. Undefined if the flow has none. */
export function limitOf(flow: object): Limit | undefined {
  const found = (flow as Record<string, unknown>)['concurrency'];
  if (typeof found !== 'object' || found === null) return undefined;
  const { limit, behavior = 'QUEUE' } = found as { limit?: unknown; behavior?: unknown };
  const most = Number(limit);
  const what = String(behavior);
  return most > 0 ? { most, words: WORDS[what] ?? '', fate: FATES[what] ?? '' } : undefined;
}
