// Years, months, days and hours of moments in a zone of somebody else, such as that of a schedule.

/** The parts of a moment in a zone. */
export interface Parts {
  year: number;
  /** From 1. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

/** Reads moments in a zone, such as that of a schedule. UTC if the browser does not know the zone. */
export function partsIn(name: string): (iso: string) => Parts {
  const style = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  } as const;
  let reader: Intl.DateTimeFormat;
  try {
    reader = new Intl.DateTimeFormat('en-GB', { ...style, timeZone: name });
  } catch {
    reader = new Intl.DateTimeFormat('en-GB', { ...style, timeZone: 'UTC' });
  }
  return (iso) => {
    const found = new Map<string, number>(
      reader.formatToParts(new Date(iso)).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (kind: string): number => found.get(kind) ?? 0;
    return {
      year: part('year'),
      month: part('month'),
      day: part('day'),
      hour: part('hour'),
      minute: part('minute'),
    };
  };
}

const two = (number: number): string => String(number).padStart(2, '0');

/** The date of a moment: `2021-01-31`. */
export function dateText({ year, month, day }: Parts): string {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** A moment to the minute: `2021-01-31 09:00`. */
export function minuteText(parts: Parts): string {
  return `${dateText(parts)} ${two(parts.hour)}:${two(parts.minute)}`;
}
