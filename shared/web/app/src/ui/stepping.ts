// Arrows in a row of things of which Tab reaches one.

/** The place that a key leads to from `at`, of `count` places. Undefined for other keys. */
export function step(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, at - 1);
    case 'ArrowRight':
      return Math.min(count - 1, at + 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
