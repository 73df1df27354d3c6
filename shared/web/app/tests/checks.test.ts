// The table of docs/ui.md: each check of the pages is a test with its number, or is left with a reason.
// UPDATE=1 writes the table.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** How many checks the specification of the pages has. */
const CHECKS = 104;
const DOCS = join(import.meta.dirname, '../../../../docs/ui.md');
const BEGIN = '<!-- The table is made by `UPDATE=1 npm run unit` in shared/web/app. -->\n';
const END = '\n<!-- The end of the table. -->';

interface Done {
  file: string;
  title: string;
}

/** The tests by the numbers in their titles: `U22 U23 a title`. */
function tests(): Map<number, Done[]> {
  const found = new Map<number, Done[]>();
  for (const folder of ['e2e', 'volumes']) {
    for (const file of readdirSync(join(import.meta.dirname, folder))) {
      if (!file.endsWith('.spec.ts')) continue;
      const text = readFileSync(join(import.meta.dirname, folder, file), 'utf8');
      for (const [, , whole = ''] of text.matchAll(/\btest\(\s*(['"`])(U\d+ .*?)\1/g)) {
        const [, numbers = '', title = ''] = /^((?:[UJ]\d+ )+)(.*)$/.exec(whole) ?? [];
        for (const [, number] of numbers.matchAll(/U(\d+)/g)) {
          const done = {
            file: `${folder}/${file}`,
            title: title.replace(/, \$\{theme\}/, ', in each theme'),
          };
          found.set(Number(number), [...(found.get(Number(number)) ?? []), done]);
        }
      }
    }
  }
  return found;
}

function table(found: Map<number, Done[]>): string {
  const rows = [...found]
    .sort(([one], [other]) => one - other)
    .flatMap(([number, all]) => all.map(({ file, title }) => `| U${number} | \`${file}\` | ${title} |`));
  return ['| check | file | what is tested |', '|---|---|---|', ...rows, ''].join('\n');
}

it('lists each check, with its test or with the reason why it is left', () => {
  const found = tests();
  const text = readFileSync(DOCS, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const [written = '', after = ''] = rest.split(END);
  if (process.env['UPDATE'] === '1') writeFileSync(DOCS, `${before}${BEGIN}${table(found)}${END}${after}`);
  else expect(written, 'UPDATE=1 npm run unit writes the table').toBe(table(found));

  const left = new Map(
    [...after.matchAll(/^\| U(\d+) \| (.+) \|$/gm)].map(([, number, reason]) => [Number(number), reason]),
  );
  const all = Array.from({ length: CHECKS }, (_, at) => at + 1);
  expect(all.filter((number) => found.has(number) === left.has(number))).toEqual([]);
  expect([...found.keys(), ...left.keys()].filter((number) => number > CHECKS)).toEqual([]);
});
