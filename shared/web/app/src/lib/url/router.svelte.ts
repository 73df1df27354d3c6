// The address of the page as state. Everything that can be shared by a link is in the address.
import { come, leave } from './returning';
import { BASE, read } from './routes';

class Router {
  #url = $state.raw(new URL(location.href));

  /** What the path shows. */
  readonly route = $derived(read(this.#url.pathname));
  /** The query. A change goes through `query`. */
  readonly params = $derived(this.#url.searchParams);
  /** The fragment without `#`. */
  readonly fragment = $derived(this.#url.hash.slice(1));

  /** Asked before another page is shown. The page stays if the answer is false. */
  #mayLeave: ((next: URL) => boolean) | undefined;

  /** The entry of the history. Each has a name of its own. */
  #entry = entryOf(history.state) ?? newEntry();

  constructor() {
    history.scrollRestoration = 'manual';
    history.replaceState({ entry: this.#entry }, '');
    addEventListener('pagehide', () => leave(this.#entry));
    come(this.#entry);
    addEventListener('popstate', () => this.#back());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Asks `mayLeave` before another page is shown, until the answer is called. */
  guard(mayLeave: (next: URL) => boolean): () => void {
    this.#mayLeave = mayLeave;
    return () => {
      if (this.#mayLeave === mayLeave) this.#mayLeave = undefined;
    };
  }

  /** Goes to another page. */
  go(address: string): void {
    const url = new URL(address, location.href);
    if (this.#mayLeave?.(url) === false) return;
    const isOtherPage = url.pathname !== this.#url.pathname;
    this.#set(url, false);
    if (isOtherPage) scrollTo(0, 0);
  }

  /** Goes to another page in place of this one, which no longer exists. */
  replace(address: string): void {
    this.#set(new URL(address, location.href), true);
    scrollTo(0, 0);
  }

  /** Changes the query, and keeps keys that it does not know. `isStep` adds an entry for Back. */
  query(change: (params: URLSearchParams) => void, isStep = true): void {
    const url = new URL(this.#url);
    change(url.searchParams);
    url.hash = '';
    if (url.href !== this.#url.href) this.#set(url, !isStep);
  }

  /** Replaces the fragment, without an entry for Back. */
  mark(fragment: string): void {
    const url = new URL(this.#url);
    url.hash = fragment;
    this.#set(url, true);
  }

  /** Follows Back and Forward. The browser has changed the address already, so a page that stays puts its own back. */
  #back(): void {
    const next = new URL(location.href);
    if (this.#mayLeave?.(next) === false) {
      this.#push(this.#url);
      return;
    }
    leave(this.#entry);
    this.#entry = entryOf(history.state) ?? newEntry();
    this.#url = next;
    come(this.#entry);
  }

  #push(url: URL): void {
    this.#entry = newEntry();
    history.pushState({ entry: this.#entry }, '', url);
  }

  #set(url: URL, isReplaced: boolean): void {
    if (isReplaced) {
      history.replaceState({ entry: this.#entry }, '', url);
    } else {
      leave(this.#entry);
      this.#push(url);
    }
    this.#url = url;
  }

  /** Shows the page of a link without loading the program again. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(BASE)) return;
    event.preventDefault();
    this.go(link.href);
  }
}

/** A name that no other entry of this tab has. */
function newEntry(): string {
  return String(performance.timeOrigin + performance.now());
}

/** The name of an entry of the history. Undefined for an entry that the router did not make. */
function entryOf(state: unknown): string | undefined {
  const entry = (state as { entry?: unknown } | null)?.entry;
  return typeof entry === 'string' ? entry : undefined;
}

export const router = new Router();
