import { expect, it } from 'vitest';
import { around, read } from './written';

const SOURCE = `id: load
namespace: shop
tasks:
  - id: choice
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.x == 'a' }}"
    then:
      - id: yes
        type: log.Log
        disabled: true
  - id: each
    type: flow.ForEach
    values: ["1", '2']
    tasks:
      - {id: inner, type: log.Log}
triggers:
  - id: daily
    type: Schedule
    cron: 0 9 * * *
`;

it('reads maps, lists and scalars', () => {
  const { flow } = read(SOURCE);
  expect(flow).toMatchObject({
    id: 'load',
    tasks: [
      { id: 'choice', condition: "{{ inputs.x == 'a' }}", then: [{ id: 'yes', disabled: true }] },
      { id: 'each', values: ['1', '2'], tasks: [{ id: 'inner', type: 'log.Log' }] },
    ],
    triggers: [{ id: 'daily', cron: '0 9 * * *' }],
  });
});

const ids = (line: number): string[] => around(read(SOURCE), line).map(({ id }) => id);

it('knows the task of a line, the innermost first', () => {
  expect(ids(10)).toEqual(['yes', 'choice', 'load']);
  expect(ids(5)).toEqual(['choice', 'load']);
  expect(ids(15)).toEqual(['inner', 'each', 'load']);
  expect(ids(18)).toEqual(['daily', 'load']);
});

it('keeps what is right beside what is wrong', () => {
  const broken = SOURCE.replace('condition: "{{', 'condition: {{').replace("'a' }}\"", "'a' }}");
  const found = read(broken).places.map(({ id }) => id);
  expect(found).toEqual(expect.arrayContaining(['choice', 'each', 'daily']));
  expect(read('tasks:\n  - id: a\n    type: x\n  - id: b\n    ty').flow).toMatchObject({
    tasks: [{ id: 'a' }, { id: 'b' }],
  });
  expect(read('').flow).toEqual({});
});
