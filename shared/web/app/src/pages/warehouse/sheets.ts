// The texts of the SQL console and what was run, kept in this browser.

/** A text of the console. */
export interface Sheet {
  id: number;
  text: string;
}

/** A statement that was run, and what came of it. */
export interface Past {
  sql: string;
  /** When, as an ISO date. */
  date: string;
  /** The number of rows, or why the statement failed. */
  result: string;
  hasFailed: boolean;
}

/** All texts, and the one that is shown. */
export interface Sheets {
  all: Sheet[];
  chosen: number;
}

/** The browser keeps so many statements. */
const MOST = 100;
const SHEETS = 'sql-sheets';
const HISTORY = 'sql-history';

/** The kept texts. There is always one. */
export function keptSheets(): Sheets {
  const found = read<Sheets>(SHEETS);
  const isThere = found?.all.some(({ id }) => id === found.chosen);
  return found && isThere ? found : { all: [{ id: 1, text: '' }], chosen: 1 };
}

export function keepSheets(sheets: Sheets): void {
  write(SHEETS, sheets);
}

/** A text more, which is shown. An empty text takes it, and a text that is there already is shown again. */
export function withText({ all, chosen }: Sheets, text: string): Sheets {
  const same = all.find((sheet) => sheet.text === text);
  if (same) return { all, chosen: same.id };
  const shown = all.find(({ id }) => id === chosen);
  if (shown?.text.trim() === '')
    return { all: all.map((sheet) => (sheet === shown ? { ...sheet, text } : sheet)), chosen };
  const id = Math.max(...all.map((sheet) => sheet.id)) + 1;
  return { all: [...all, { id, text }], chosen: id };
}

/** Without a text. Its neighbour is shown, and the last one is emptied. */
export function without({ all, chosen }: Sheets, id: number): Sheets {
  const at = all.findIndex((sheet) => sheet.id === id);
  const rest = all.filter((sheet) => sheet.id !== id);
  const next = rest[Math.min(at, rest.length - 1)];
  if (!next) return { all: [{ id, text: '' }], chosen: id };
  return { all: rest, chosen: id === chosen ? next.id : chosen };
}

/** What was run, newest first. */
export function history(): Past[] {
  return read<Past[]>(HISTORY) ?? [];
}

/** Adds a statement. Run again, a statement moves to the top. */
export function remember(all: readonly Past[], past: Past): Past[] {
  const next = [past, ...all.filter(({ sql }) => sql !== past.sql)].slice(0, MOST);
  write(HISTORY, next);
  return next;
}

export function forget(): Past[] {
  localStorage.removeItem(HISTORY);
  return [];
}

function read<T>(key: string): T | undefined {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? 'null') as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The browser has no room. The texts are in the page all the same.
  }
}
