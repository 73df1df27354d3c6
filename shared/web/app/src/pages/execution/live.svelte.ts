// An execution with its log as they are now, and as they change. The task runs are loaded by page: see `task-rows`.
import { get, path, Refusal } from '../../lib/api/client';
import type { Execution, ExecutionHead, NumberedLine } from '../../lib/api/types';
import type { Asked } from '../../lib/live/messages';
import { Stream } from '../../lib/live/stream.svelte';
import { hasEnded } from '../../lib/state';
import { TaskRows } from './task-rows.svelte';

/** How many of the last lines of a log are loaded with the page. The viewer loads others when somebody looks at them. */
const TAIL = 2_000;
/** A number above that of every line. */
const HIGHEST = 4_294_967_295;
/** The most lines that are kept while a log grows. */
const MOST = 50_000;

export class LiveExecution {
  head = $state.raw<ExecutionHead>();
  /** The task runs that somebody looks at. */
  readonly rows: TaskRows;
  /** The last lines of the log. The array is the same one while lines are added: `count` says so. */
  readonly lines: NumberedLine[] = [];
  /** The number of all lines of the log. */
  count = $state(0);
  error = $state.raw<Refusal>();
  #stream = $state.raw<Stream>();
  /** Grows with each start, so that an answer of an earlier one is dropped. */
  #start = 0;

  /** The execution with the task runs that explain its state, and without the others. */
  readonly execution = $derived(
    this.head && ({ ...this.head.execution, taskRunList: this.head.telling } satisfies Execution),
  );
  readonly isRunning = $derived(this.head !== undefined && !hasEnded(this.head.execution.state.current));
  readonly status = $derived(this.#stream?.status ?? (this.isRunning ? 'live' : 'ended'));

  constructor(readonly id: string) {
    this.rows = new TaskRows(id);
    this.follow();
  }

  /** Follows from the start: at first, and after an execution that had ended goes on. */
  follow(): void {
    this.close();
    this.#stream = undefined;
    this.lines.length = 0;
    this.count = 0;
    void this.#listen(this.#start);
  }

  /** Follows the execution, and its log from the last lines on, over one stream. */
  async #listen(start: number): Promise<void> {
    const tail = this.#tail();
    const head = await this.#look();
    if (start !== this.#start || !head) return;
    const lines = await tail;
    if (start !== this.#start) return;
    this.lines.push(...lines);
    this.count = lines.at(-1)?.number ?? 0;
    const topics: Asked[] = [[`log:${this.id}`, this.count === 0 ? null : this.count]];
    if (!hasEnded(head.execution.state.current)) topics.unshift([`execution:${this.id}`, head.position]);
    this.#stream = new Stream(topics, ({ head, taskRuns, lines }) => {
      if (head) {
        this.head = head;
        this.rows.take(head, taskRuns);
      }
      for (const line of lines ?? []) this.lines.push({ number: ++this.count, line });
      if (this.lines.length > MOST) this.lines.splice(0, this.lines.length - MOST);
    });
  }

  /** Somebody did something. What goes on is heard by the stream; an execution that had ended has none. */
  changed(answer?: Execution): void {
    if (this.isRunning) return;
    if (answer && hasEnded(answer.state.current)) void this.#look();
    else this.follow();
  }

  /** Asks for the execution as it is. Undefined if it cannot be shown. */
  async #look(): Promise<ExecutionHead | undefined> {
    try {
      const head = await get<ExecutionHead>(path`/executions/${this.id}/head`);
      this.head = head;
      this.rows.take(head, undefined);
      this.error = undefined;
      return head;
    } catch (error) {
      this.error = error instanceof Refusal ? error : new Refusal(0, String(error));
      return undefined;
    }
  }

  /** The last lines of the log. A log that cannot be read is followed from its start. */
  async #tail(): Promise<NumberedLine[]> {
    try {
      const query = new URLSearchParams({ before: String(HIGHEST), limit: String(TAIL) });
      return await get<NumberedLine[]>(path`/logs/${this.id}/lines`, { query });
    } catch {
      return [];
    }
  }

  close(): void {
    this.#start += 1;
    this.#stream?.close();
    this.rows.close();
  }
}
