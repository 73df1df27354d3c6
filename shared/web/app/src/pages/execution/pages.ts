// Rows of a long list that are loaded by page. Pages that have become old are shown until they are loaded again.
import type { TaskRun, TaskRunRow } from '../../lib/api/types';

/** The rows of a page. */
export const SIZE = 64;
/** The largest number of pages that are kept. */
const MOST = 40;

interface Page {
  rows: readonly TaskRunRow[];
  isOld: boolean;
}

export class Pages {
  readonly #pages = new Map<number, Page>();

  row(at: number): TaskRunRow | undefined {
    return this.#pages.get(Math.floor(at / SIZE))?.rows[at % SIZE];
  }

  find(id: string): TaskRun | undefined {
    for (const { rows } of this.#pages.values()) for (const { run } of rows) if (run.id === id) return run;
    return undefined;
  }

  /** Whether a page from the row `first` to before `last` must be loaded. */
  lacks(first: number, last: number): boolean {
    return last > first && this.missing(first, last) !== undefined;
  }

  /** The rows to ask for, so that the rows from `first` to before `last` are there. Whole pages, at most four. */
  missing(first: number, last: number): { from: number; limit: number } | undefined {
    const pages: number[] = [];
    for (let page = Math.floor(first / SIZE); page * SIZE < last; page += 1)
      if (this.#pages.get(page)?.isOld !== false) pages.push(page);
    const [start, end] = [pages[0], pages.at(-1)];
    if (start === undefined || end === undefined) return undefined;
    return { from: start * SIZE, limit: Math.min(end - start + 1, 4) * SIZE };
  }

  /** Puts the answer for whole pages. Pages above the end of the list are empty. */
  put(from: number, limit: number, rows: readonly TaskRunRow[]): void {
    for (let at = 0; at < limit; at += SIZE) {
      const page = (from + at) / SIZE;
      // A page that is put last is dropped last.
      this.#pages.delete(page);
      this.#pages.set(page, { rows: rows.slice(at, at + SIZE), isOld: false });
    }
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= MOST) break;
      this.#pages.delete(page);
    }
  }

  /** All pages must be loaded again when they are looked at. */
  age(): void {
    for (const page of this.#pages.values()) page.isOld = true;
  }

  /** Puts changed task runs in place of the known ones. */
  patch(changed: ReadonlyMap<string, TaskRun>): void {
    if (changed.size === 0) return;
    for (const page of this.#pages.values()) {
      if (!page.rows.some(({ run }) => changed.has(run.id))) continue;
      page.rows = page.rows.map((row) => ({ ...row, run: changed.get(row.run.id) ?? row.run }));
    }
  }
}
