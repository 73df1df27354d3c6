// Durations in words that are as exact as they are long.

/** Milliseconds as text: `12 ms`, `9.345 s`, `10 min 21 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 1000) return `${rounded} ms`;
  if (rounded < 10_000) return `${(rounded / 1000).toFixed(3)} s`;
  const seconds = Math.round(rounded / 100) / 10;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return pair(Math.round(rounded / 1000));
}

function pair(seconds: number): string {
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3600);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function join(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}
