// Server-sent events read by `fetch`, so that a refusal (401, 404) is seen, which EventSource hides.
import { open } from './client';

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

/**
 * Opens a stream and gives the data of its events as text, until the stream ends. The promise is done when the server
 * has accepted the request.
 */
export async function texts(
  address: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<AsyncIterable<string>> {
  return pieces(await open(address, { query, signal }));
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body
    .pipeThrough<string>(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const cutter = new Cutter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* cutter.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
