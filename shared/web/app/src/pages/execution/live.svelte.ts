// An execution with its log as they are now, and as they change.
import { get, path, Refusal } from '../../lib/api/client';
import type { Execution, LogEntry } from '../../lib/api/types';
import { Stream } from '../../lib/live/stream.svelte';
import { hasEnded } from '../../lib/state';

export class LiveExecution {
  execution = $state.raw<Execution>();
  /** The lines in the order of the store. The array is the same one while lines are added: `count` says so. */
  readonly lines: LogEntry[] = [];
  count = $state(0);
  error = $state.raw<Refusal>();
  #stream = $state.raw<Stream>();

  readonly status = $derived(this.#stream?.status ?? 'ended');
  readonly isRunning = $derived(this.execution !== undefined && !hasEnded(this.execution.state.current));

  constructor(readonly id: string) {
    this.follow();
  }

  /** Follows from the start: at first, and after an execution that had ended goes on. */
  follow(): void {
    this.#stream?.close();
    this.lines.length = 0;
    this.count = 0;
    this.#stream = new Stream([`execution:${this.id}`, `log:${this.id}`], (event) => {
      if (event.execution) this.execution = event.execution;
      if (event.lines) {
        for (const line of event.lines) this.lines.push(line);
        this.count = this.lines.length;
      }
    });
    void this.#look();
  }

  /** Somebody did something. What goes on is heard by the stream; an execution that had ended has none. */
  changed(answer?: Execution): void {
    if (this.isRunning) return;
    if (answer && hasEnded(answer.state.current)) this.execution = answer;
    else this.follow();
  }

  /** Asks once, so that an execution that does not exist is seen at once. */
  async #look(): Promise<void> {
    try {
      const found = await get<Execution>(path`/executions/${this.id}`);
      this.execution ??= found;
      this.error = undefined;
    } catch (error) {
      this.error = error instanceof Refusal ? error : new Refusal(0, String(error));
    }
  }

  close(): void {
    this.#stream?.close();
  }
}
