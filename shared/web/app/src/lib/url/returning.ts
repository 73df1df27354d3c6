// Brings a page back to where it was: its scroll, and the link that was followed. The browser cannot, because the rows of
// a page are loaded after the page is shown.

/** Where somebody left a page. */
interface Place {
  y: number;
  /** The address of the link that had the focus. */
  link: string | undefined;
}

/** How long the rows of a page may take, in ms. */
const PATIENCE = 10_000;

/** The tab keeps so many places, also when the page is loaded again. */
const MOST = 50;
const KEY = 'places';

const places = new Map<string, Place>(kept());
let stop: (() => void) | undefined;

function kept(): [string, Place][] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as [string, Place][];
  } catch {
    return [];
  }
}

/** Keeps where the page of an entry of the history is now. */
export function leave(entry: string): void {
  const link = document.activeElement?.closest('a')?.getAttribute('href') ?? undefined;
  places.delete(entry);
  places.set(entry, { y: scrollY, link });
  sessionStorage.setItem(KEY, JSON.stringify([...places].slice(-MOST)));
  stop?.();
}

/** Goes to where the page of an entry was, as soon as its rows are there. Ends when somebody scrolls or types. */
export function come(entry: string): void {
  const place = places.get(entry);
  stop?.();
  if (!place) return;
  const watch = new MutationObserver(() => settle(place));
  const patience = setTimeout(() => stop?.(), PATIENCE);
  const own = (): void => stop?.();
  const events = ['wheel', 'pointerdown', 'keydown'] as const;
  for (const event of events) addEventListener(event, own);
  stop = () => {
    watch.disconnect();
    clearTimeout(patience);
    for (const event of events) removeEventListener(event, own);
    stop = undefined;
  };
  watch.observe(document.body, { childList: true, subtree: true });
  settle(place);
}

function settle({ y, link }: Place): void {
  const found = link && document.querySelector<HTMLElement>(`main a[href="${CSS.escape(link)}"]`);
  const isThere = document.documentElement.scrollHeight >= y + innerHeight;
  if (!isThere || (link && !found)) return;
  scrollTo(0, y);
  if (found) found.focus({ preventScroll: true });
  stop?.();
}
