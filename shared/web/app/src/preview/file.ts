// Names and sizes of files.
import { grouped } from '../lib/format/number';

/** The name of a file, from its address. */
export function nameOf(uri: string): string {
  const last = uri.split('/').at(-1) ?? uri;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** A size to read, and exactly: `364.7 MiB, 382,415,872 B`. */
export function sizeText(bytes: number): string {
  const exact = `${grouped(bytes)} B`;
  if (bytes < 1024) return exact;
  let [size, unit] = [bytes / 1024, 0];
  while (size >= 1024 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size.toFixed(1)} ${UNITS[unit]}, ${exact}`;
}
