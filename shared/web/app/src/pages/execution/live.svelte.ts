// An execution with its log as they are now, and as they change.
import { get, path, Refusal } from '../../lib/api/client';
import type { Execution, LogIndex, NumberedLine } from '../../lib/api/types';
import { Stream } from '../../lib/live/stream.svelte';
import { hasEnded } from '../../lib/state';

/** How many of the last lines of a log are loaded with the page. The viewer loads others when somebody looks at them. */
const TAIL = 2_000;
/** The most lines that are kept while a log grows. */
const MOST = 50_000;

export class LiveExecution {
  execution = $state.raw<Execution>();
  /** The last lines of the log. The array is the same one while lines are added: `count` says so. */
  readonly lines: NumberedLine[] = [];
  /** The number of all lines of the log. */
  count = $state(0);
  error = $state.raw<Refusal>();
  #stream = $state.raw<Stream>();
  /** Grows with each start, so that an answer of an earlier one is dropped. */
  #start = 0;

  readonly isRunning = $derived(this.execution !== undefined && !hasEnded(this.execution.state.current));
  readonly status = $derived(this.#stream?.status ?? (this.isRunning ? 'live' : 'ended'));

  constructor(readonly id: string) {
    this.follow();
  }

  /** Follows from the start: at first, and after an execution that had ended goes on. */
  follow(): void {
    this.close();
    this.#stream = undefined;
    this.lines.length = 0;
    this.count = 0;
    void this.#look();
    void this.#listen(this.#start);
  }

  /** Follows the execution, and its log from the last lines on, over one stream. */
  async #listen(start: number): Promise<void> {
    let total = 0;
    try {
      total = (await get<LogIndex>(path`/logs/${this.id}/index`)).total;
    } catch {
      // The page says why the execution cannot be shown. A log that cannot be counted is followed from its start.
    }
    if (start !== this.#start) return;
    const first = Math.max(0, total - TAIL);
    this.count = first;
    this.#stream = new Stream(
      [
        [`execution:${this.id}`, null],
        [`log:${this.id}`, first === 0 ? null : first],
      ],
      (event) => {
        if (event.execution) this.execution = event.execution;
        for (const line of event.lines ?? []) this.lines.push({ number: ++this.count, line });
        if (this.lines.length > MOST) this.lines.splice(0, this.lines.length - MOST);
      },
    );
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
    this.#start += 1;
    this.#stream?.close();
  }
}
