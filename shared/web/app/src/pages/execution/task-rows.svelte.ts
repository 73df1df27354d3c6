// The rows of the Gantt chart that somebody looks at. The server puts the task runs in the order of a tree, and answers
// by page, so an execution with many task runs costs no more than what is on the screen.
import { get, path, Refusal } from '../../lib/api/client';
import type { ExecutionHead, TaskRun, TaskRunRow, TaskRunRows } from '../../lib/api/types';
import { Pages } from './pages';

/** How long a scroll must rest before the rows there are loaded, in ms. */
const REST = 60;
/** The shortest time between two loads of the same rows while the execution changes, in ms. */
const AGAIN = 500;

export class TaskRows {
  /** The number of rows. Undefined until it is known. */
  total = $state<number>();
  folded = $state.raw<ReadonlySet<string>>(new Set());
  error = $state.raw<Refusal>();
  /** Grows with each change of the rows. */
  change = $state(0);
  /** A task run that is chosen, wherever it is. */
  picked = $state.raw<TaskRun>();
  /** The chosen task run that was asked for last. */
  #asked: string | undefined;
  readonly #pages = new Pages();
  /** The rows on the screen. */
  #seen = { first: 0, last: 1 };
  /** The number of task runs at the last event. */
  #count: number | undefined;
  /** Task runs of events that an answer on its way may not have yet. */
  readonly #recent = new Map<string, { run: TaskRun; position: number }>();
  #request: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loaded = 0;

  constructor(readonly id: string) {}

  /** The rows from `first` to before `last`. Undefined where a row is not loaded yet. */
  part(first: number, last: number): (TaskRunRow | undefined)[] {
    if (this.change < 0) return [];
    const end = Math.min(last, this.total ?? 0);
    return Array.from({ length: Math.max(0, end - first) }, (_, at) => this.#pages.row(first + at));
  }

  /** A task run that is loaded. */
  find(id: string): TaskRun | undefined {
    if (this.change < 0) return undefined;
    return this.#pages.find(id) ?? (this.picked?.id === id ? this.picked : undefined);
  }

  /** Says what is on the screen. What is missing there is loaded. */
  show(first: number, last: number): void {
    this.#seen = { first, last: Math.max(last, first + 1) };
    if (this.#pages.lacks(first, Math.min(last, this.total ?? last)))
      this.#plan(this.#loaded === 0 ? 0 : REST);
  }

  fold(id: string): void {
    const next = new Set(this.folded);
    if (!next.delete(id)) next.add(id);
    this.folded = next;
    this.#again(0);
  }

  /** Loads a task run that is chosen, if no row has it. */
  async pick(id: string | null): Promise<void> {
    if (id === null || id === this.#asked || this.find(id)) return;
    this.#asked = id;
    try {
      this.picked = await get<TaskRun>(path`/executions/${this.id}/task-runs/${id}`);
    } catch {
      // A link may name a task run that a restart has removed. Then nothing is chosen.
    }
  }

  /** Takes an event. Without task runs, what is on the screen is loaded again. */
  take(head: ExecutionHead, changed: readonly TaskRun[] | undefined): void {
    const before = this.#count;
    this.#count = head.total;
    // At first, the rows are loaded when they are shown.
    if (before === undefined) return;
    for (const run of changed ?? []) {
      this.#recent.set(run.id, { run, position: head.position });
      if (this.picked?.id === run.id) this.picked = run;
    }
    if (changed && changed.length > 0) {
      this.#pages.patch(new Map(changed.map((run) => [run.id, run])));
      this.change += 1;
    }
    // New task runs move others, and the sums of a folded task run are the server's.
    const hasSums = this.folded.size > 0 && (changed?.length ?? 0) > 0;
    if (changed === undefined || head.total !== before || hasSums) this.#again(AGAIN);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#request?.abort();
  }

  /** Loads the rows on the screen again. Old ones stay until the new ones are there. */
  #again(pause: number): void {
    this.#pages.age();
    this.#plan(Math.max(0, this.#loaded + pause - performance.now()));
  }

  #plan(wait: number): void {
    // A load that is planned already loads what is on the screen then.
    if (wait >= AGAIN / 2 && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#load();
    }, wait);
  }

  async #load(): Promise<void> {
    const { first, last } = this.#seen;
    const missing = this.#pages.missing(first, Math.max(1, Math.min(last, this.total ?? last)));
    if (!missing) return;
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const query = new URLSearchParams({ from: String(missing.from), limit: String(missing.limit) });
    if (this.folded.size > 0) query.set('folded', [...this.folded].join());
    try {
      const answer = await get<TaskRunRows>(path`/executions/${this.id}/task-runs`, {
        query,
        signal: request.signal,
      });
      if (request.signal.aborted) return;
      this.#loaded = performance.now();
      this.#pages.put(missing.from, missing.limit, answer.rows);
      this.total = answer.total;
      for (const [id, { position }] of this.#recent) if (position <= answer.position) this.#recent.delete(id);
      this.#pages.patch(new Map([...this.#recent].map(([id, { run }]) => [id, run])));
      this.error = undefined;
      this.change += 1;
      // Something may have changed, or may have been scrolled to, while the answer came.
      if (this.#pages.lacks(this.#seen.first, Math.min(this.#seen.last, answer.total))) this.#plan(REST);
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof Refusal ? error : new Refusal(0, String(error));
    }
  }
}
