// When task runs that wait for their next attempt begin it. The server is asked once for each wait.
import { get, path } from '../../lib/api/client';
import type { components } from '../../lib/api/generated';
import type { TaskRun } from '../../lib/api/types';

type NextAttempt = components['schemas']['NextAttempt'];

export class NextAttempts {
  /** The dates by the id of the task run. */
  dates = $state.raw<ReadonlyMap<string, string>>(new Map());
  #asked = '';

  constructor(readonly id: string) {}

  /** Asks if other task runs wait than at the last look. */
  look(runs: readonly TaskRun[]): void {
    const waiting = runs.filter(({ state }) => state.current === 'RETRYING');
    const key = waiting.map(({ id, attempts }) => `${id}/${attempts?.length ?? 0}`).join();
    if (key === this.#asked) return;
    this.#asked = key;
    if (key === '') this.dates = new Map();
    else void this.#ask(key);
  }

  async #ask(key: string): Promise<void> {
    try {
      const found = await get<NextAttempt[]>(path`/executions/${this.id}/next-attempts`);
      if (key === this.#asked) this.dates = new Map(found.map(({ taskRunId, date }) => [taskRunId, date]));
    } catch {
      // The row then says only that it waits.
      this.dates = new Map();
    }
  }
}
