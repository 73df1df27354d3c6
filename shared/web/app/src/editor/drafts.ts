// Texts that were changed and not saved, kept in this browser for the case that it or the page ends.

export interface Draft {
  text: string;
  /** The revision that was changed. 0 for a new flow. */
  revision: number;
  /** When it was written last, as an ISO date. */
  date: string;
}

const PREFIX = 'draft:';

/** The place of a flow's draft. `new` is that of a flow without a name. */
export function draftOf(key: string): Draft | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null') as Draft | null;
    return found ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(key: string, draft: Draft): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // The browser has no room. The text is in the page all the same, and leaving it asks.
  }
}

export function dropDraft(key: string): void {
  localStorage.removeItem(PREFIX + key);
}
