// Looks again now and then. Knows no page and no API.

/** Calls `look` after every `wait` ms in which somebody sees the tab. Returns the end, as an effect does. */
export function every(wait: number, look: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) look();
  }, wait);
  return () => clearInterval(timer);
}
