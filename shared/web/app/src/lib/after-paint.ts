// Work that a page does not need for its first picture.

/** The longest wait, in ms. A page that is always busy does the work then. */
const LONGEST = 1_000;

/** Calls back when the browser has drawn and has nothing else to do. The returned function calls it off. */
export function afterPaint(work: () => void): () => void {
  // Safari has no idle callbacks.
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(work, LONGEST / 5);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(work, { timeout: LONGEST });
  return () => cancelIdleCallback(handle);
}
