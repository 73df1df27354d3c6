// Loads one answer of the API and keeps the old one on the screen until the new one is there.
import { Refusal } from './api/client';

/** What a page shows of an answer: nothing yet, a value that may be old, or an error. */
export class Loader<T> {
  value = $state.raw<T>();
  error = $state.raw<Refusal>();
  /** Whether a request is on its way. Old rows are dimmed meanwhile. */
  isLoading = $state(false);
  #request: AbortController | undefined;

  /** Asks, and drops the answer of an earlier request that is still on its way. */
  async load(ask: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.isLoading = true;
    try {
      const value = await ask(request.signal);
      if (request.signal.aborted) return;
      this.value = value;
      this.error = undefined;
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof Refusal ? error : new Refusal(0, String(error));
    }
    this.isLoading = false;
  }

  stop(): void {
    this.#request?.abort();
  }
}
