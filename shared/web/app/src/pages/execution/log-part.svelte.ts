// A part of a log that is too long for the page: the lines around a place, and where a searched text is. The server
// chooses the lines, so a line far back costs no more than one at the end.
import { get, path } from '../../lib/api/client';
import type { LogIndex, LogLevel, NumberedLine } from '../../lib/api/types';
import { Loader } from '../../lib/loader.svelte';

/** How many lines a part has. */
const SIZE = 1_000;
/** How many lines before a line that is looked for are loaded with it. */
const BEFORE = 200;
/** How long a search waits for the next letter, in ms. */
const PAUSE = 250;

/** What the lines are chosen by. */
export interface Filter {
  minLevel: LogLevel;
  taskRun: string | undefined;
  attempt: number | undefined;
}

export class LogPart {
  readonly #lines = new Loader<NumberedLine[]>();
  readonly #index = new Loader<LogIndex>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #filter: Filter = { minLevel: 'TRACE', taskRun: undefined, attempt: undefined };

  /** The lines, or undefined as long as the last lines of the log are shown. */
  readonly lines = $derived(this.#lines.value);
  /** Where the searched text is. Undefined without a search. */
  readonly hits = $derived(this.#index.value);
  readonly error = $derived(this.#lines.error ?? this.#index.error);
  readonly isLoading = $derived(this.#lines.isLoading || this.#index.isLoading);

  constructor(readonly id: string) {}

  filter(filter: Filter): void {
    this.#filter = filter;
  }

  /** Loads the lines around a number. */
  around(number: number): Promise<void> {
    return this.after(Math.max(0, number - BEFORE - 1));
  }

  after(number: number): Promise<void> {
    return this.#load({ after: String(number) });
  }

  before(number: number): Promise<void> {
    return this.#load({ before: String(number) });
  }

  /** Shows the last lines again, which the page has. */
  leave(): void {
    this.#lines.stop();
    this.#lines.value = undefined;
  }

  /** Searches the whole log after a pause. `found` hears of the answer. */
  search(text: string, found: () => void): void {
    clearTimeout(this.#timer);
    this.#index.stop();
    if (text === '') {
      this.#index.value = undefined;
      return;
    }
    this.#timer = setTimeout(() => void this.#search(text).then(found), PAUSE);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#lines.stop();
    this.#index.stop();
  }

  #search(text: string): Promise<void> {
    const query = this.#query({ q: text });
    return this.#index.load((signal) => get<LogIndex>(path`/logs/${this.id}/index`, { query, signal }));
  }

  #load(place: Record<string, string>): Promise<void> {
    const query = this.#query({ ...place, limit: String(SIZE) });
    return this.#lines.load((signal) => get<NumberedLine[]>(path`/logs/${this.id}/lines`, { query, signal }));
  }

  #query(more: Record<string, string>): URLSearchParams {
    const { minLevel, taskRun, attempt } = this.#filter;
    return new URLSearchParams({
      minLevel,
      ...(taskRun && { taskRunId: taskRun }),
      ...(attempt !== undefined && { attempt: String(attempt) }),
      ...more,
    });
  }
}
