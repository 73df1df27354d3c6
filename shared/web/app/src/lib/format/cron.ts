// A cron expression in words, for the shapes that people write. Others have no words: nothing is better than a wrong one.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

const ALIASES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** The words of an expression with five fields, such as `at 09:00 on day 1 of each month`. Undefined if there are none. */
export function cronWords(cron: string): string | undefined {
  const fields = (ALIASES[cron.trim().toLowerCase()] ?? cron).trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const parts = [
    times(minute, hour),
    days(day, month, weekday),
    // "each month" says already that every month counts.
    isAny(month) ? '' : list(month, (number) => MONTHS[number - 1], 'in '),
  ];
  return parts.includes(undefined) ? undefined : parts.filter(Boolean).join(' ');
}

function times(minute: string, hour: string): string | undefined {
  const [minuteStep, hourStep] = [step(minute), step(hour)];
  if (isAny(minute) && isAny(hour)) return 'each minute';
  if (minuteStep && isAny(hour)) return `each ${minuteStep} minutes`;
  if (!/^\d+$/.test(minute)) return undefined;
  if (isAny(hour)) return minute === '0' ? 'each hour' : `each hour at minute ${minute}`;
  if (hourStep) return `each ${hourStep} hours at minute ${minute}`;
  return list(hour, (number) => `${two(number)}:${two(Number(minute))}`, 'at ');
}

function days(day: string, month: string, weekday: string): string | undefined {
  if (isAny(day) && isAny(weekday)) return '';
  if (isAny(day)) {
    if (weekday === '1-5') return 'on weekdays';
    return list(weekday, (number) => DAYS[number % 7], 'on ');
  }
  if (!isAny(weekday)) return undefined;
  const of = isAny(month) ? ' of each month' : '';
  if (day === 'L') return `on the last day${of}`;
  const words = list(day, String, 'on day ');
  return words && `${words}${of}`;
}

/** Numbers with commas between them, each in words. */
function list(
  field: string,
  word: (number: number) => string | undefined,
  before: string,
): string | undefined {
  if (!/^\d+(,\d+)*$/.test(field)) return undefined;
  const words = field.split(',').map((number) => word(Number(number)));
  return words.includes(undefined) ? undefined : before + words.join(' and ');
}

function isAny(field: string): boolean {
  return field === '*' || field === '?';
}

function step(field: string): string | undefined {
  return /^(?:\*|0)\/(\d+)$/.exec(field)?.[1];
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
