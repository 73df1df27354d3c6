import { expect, it } from 'vitest';
import { parseExact } from '../../../lib/api/json';
import { expression, rowsOf } from './values';

it('shows every value with its path, and numbers as they are', () => {
  const value = parseExact(
    '{"uri": "kestra://x", "n": {"big": 9007199254740993}, "list": [true, null], "none": {}}',
  );
  const rows = rowsOf(value).map(({ path, kind, text }) => [path.join('/'), kind, text]);
  expect(rows).toEqual([
    ['uri', 'text, 10 characters', 'kestra://x'],
    ['n', 'map, 1 entries', undefined],
    ['n/big', 'number', expect.stringMatching(/^900719925474099[23]$/)],
    ['list', 'list, 2 entries', undefined],
    ['list/0', 'true or false', 'true'],
    ['list/1', 'null', 'null'],
    ['none', 'map, 0 entries', '{}'],
  ]);
});

it('bounds long lists', () => {
  const rows = rowsOf({ list: Array.from({ length: 1_000 }, (_, at) => at) });
  expect(rows).toHaveLength(202);
  expect(rows.at(-1)?.kind).toBe('800 more');
});

it('writes the expression of a value', () => {
  const run = { taskId: 'extract' };
  expect(expression(run, ['outputFiles', 'yellow_tripdata_2020-12.csv'])).toBe(
    "{{ outputs.extract.outputFiles['yellow_tripdata_2020-12.csv'] }}",
  );
  expect(expression({ taskId: 'my-task' }, ['rows', 0, 'n'])).toBe("{{ outputs['my-task'].rows[0].n }}");
  expect(expression({ taskId: 'load', value: 'a' }, ['value'])).toBe("{{ outputs.load['a'].value }}");
  expect(expression(run, ["it's"])).toBe('{{ outputs.extract["it\'s"] }}');
});
