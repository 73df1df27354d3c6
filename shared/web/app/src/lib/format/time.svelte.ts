// Dates in the one zone of all pages: the browser's, UTC, or another that somebody chose.

const KEY = 'zone';
/** The zone of the browser. */
const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone of the browser, and UTC. */
export const NEAR_ZONES: readonly string[] = [...new Set([OWN, 'UTC'])];

/** The names of all zones to choose from: the browser's and UTC first. */
export function allZones(): readonly string[] {
  return [...new Set([...NEAR_ZONES, ...Intl.supportedValuesOf('timeZone')])];
}

/** The zone that somebody chose, if the browser still knows it. */
function kept(): string | undefined {
  const name = localStorage.getItem(KEY);
  if (name === null) return undefined;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return name;
  } catch {
    return undefined;
  }
}

class Zone {
  name = $state(kept() ?? OWN);

  /** The browser's own zone is not kept, so that it follows the browser. */
  choose(name: string): void {
    this.name = name;
    if (name === OWN) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  }

  /** Switches between UTC and the browser's zone. */
  toggle(): void {
    this.choose(this.name === 'UTC' ? OWN : 'UTC');
  }
}

export const zone = new Zone();

/** Ticks once a second while a page shows something that runs. */
class Clock {
  now = $state(Date.now());

  /** Ticks until the returned function is called. */
  run(): () => void {
    this.now = Date.now();
    const timer = setInterval(() => (this.now = Date.now()), 1000);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();

/** A date with its time, to the second: `16 Apr 2026, 19:42:07`. */
export function dateTime(iso: string): string {
  return format(iso, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A time with milliseconds: `19:42:07.123`. */
export function time(iso: string): string {
  return format(iso, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(iso: string, style: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify([style, zone.name]);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', { ...style, hour12: false, timeZone: zone.name });
    formats.set(key, found);
  }
  return found.format(new Date(iso));
}
