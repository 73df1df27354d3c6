// Server-sent events read by `fetch`, so that a refusal (401, 404) is seen, which EventSource hides.
import { open } from './client';
import { parseExact } from './json';

/** Cuts a text that comes in pieces into the data of its events. */
export class Cutter {
  #rest = '';

  /** The data of the events that are complete now. */
  push(piece: string): string[] {
    this.#rest += piece;
    const blocks = this.#rest.split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    return blocks.map(data).filter((text) => text !== '');
  }
}

/** The data of one event. Comments, which keep the connection open, have none. */
function data(block: string): string {
  const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n');
}

/** The events of an address, each with its JSON read, until the stream ends. */
export async function* events<T>(
  address: string,
  query: URLSearchParams,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const body = await open(address, { query, signal });
  const reader = body
    .pipeThrough<string>(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const cutter = new Cutter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const text of cutter.push(value)) yield parseExact(text) as T;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
