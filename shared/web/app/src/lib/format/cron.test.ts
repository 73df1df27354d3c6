import { expect, it } from 'vitest';
import { cronWords } from './cron';

it.each([
  ['0 9 1 * *', 'at 09:00 on day 1 of each month'],
  ['0 6,18 * * *', 'at 06:00 and 18:00'],
  ['30 7 * * 1-5', 'at 07:30 on weekdays'],
  ['0 0 * * 0', 'at 00:00 on Sunday'],
  ['@monthly', 'at 00:00 on day 1 of each month'],
  ['@yearly', 'at 00:00 on day 1 in January'],
  ['*/15 * * * *', 'each 15 minutes'],
  ['0 */6 * * *', 'each 6 hours at minute 0'],
  ['5 * * * *', 'each hour at minute 5'],
  ['0 * * * *', 'each hour'],
  ['* * * * *', 'each minute'],
  ['0 9 L * *', 'at 09:00 on the last day of each month'],
  ['0 9 1 1,7 *', 'at 09:00 on day 1 in January and July'],
])('%s is %s', (cron, words) => expect(cronWords(cron)).toBe(words));

it.each(['0 9 1 * 1', '1-5 * * * *', '0 9 * * MON', '* * * * * *', 'x'])('%s has no words', (cron) =>
  expect(cronWords(cron)).toBeUndefined(),
);
