// A request that is on its way, and why it was refused.
import { Refusal } from '../../../lib/api/client';

export class Starting {
  isSending = $state(false);
  refused = $state.raw<Refusal>();

  /** Runs one request at a time. Undefined if the server refuses. */
  async run<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (this.isSending) return undefined;
    this.isSending = true;
    this.refused = undefined;
    try {
      return await ask();
    } catch (error) {
      this.refused = error instanceof Refusal ? error : new Refusal(0, String(error));
      return undefined;
    } finally {
      this.isSending = false;
    }
  }
}
