import { describe, expect, it } from 'vitest';
import { placeAt, type Place } from './place';

/** The place of `‸` in a text. */
function at(text: string): Place | undefined {
  const row = text.split('\n').findIndex((line) => line.includes('‸'));
  const lines = text.split('\n');
  const column = lines[row]?.indexOf('‸') ?? 0;
  lines[row] = lines[row]?.replace('‸', '') ?? '';
  return placeAt(lines, row, column);
}

const FLOW = `id: a
namespace: b
tasks:
  - id: one
    type: core.If
    then:
      - id: two
        type: core.Log
        message: hello
        ‸
        level: INFO
  - id: three
    type: core.Other
`;

describe('placeAt', () => {
  it('knows the map, what leads to it, and its keys above and below', () => {
    const place = at(FLOW);
    expect(place).toMatchObject({ kind: 'key', path: ['tasks', 'then'], text: '', column: 8 });
    expect(place?.types).toEqual([undefined, 'core.If', 'core.Log']);
    expect([...(place?.keys.keys() ?? [])].sort()).toEqual(['id', 'level', 'message', 'type']);
  });

  it('takes lists at the column of their key', () => {
    const place = at('id: a\ntasks:\n- id: one\n  type: core.Log\n  mes‸\n');
    expect(place).toMatchObject({ path: ['tasks'], text: 'mes', kind: 'key' });
    expect(place?.types).toEqual([undefined, 'core.Log']);
    expect(at('tasks:\n- id: x\n- ‸')).toMatchObject({ path: ['tasks'], kind: 'key', text: '' });
    expect(at('tasks:\n- id: x\n  tasks:\n  - ty‸')).toMatchObject({ path: ['tasks', 'tasks'], text: 'ty' });
    expect(at('tasks:\n- tasks:\n  - ty‸')).toMatchObject({ path: ['tasks', 'tasks'], text: 'ty' });
  });

  it('knows the key of a value', () => {
    expect(at('tasks:\n  - id: a\n    type: io.ke‸')).toMatchObject({
      kind: 'value',
      key: 'type',
      text: 'io.ke',
      path: ['tasks'],
    });
    expect(at('- type: ‸')).toMatchObject({ kind: 'value', key: 'type', text: '' });
    expect(at('concurrency:\n  behavior: Q‸')).toMatchObject({ path: ['concurrency'], key: 'behavior' });
  });

  it('is in the flow itself at the first column', () => {
    const place = at('id: a\n‸\ntasks:\n- id: b\n');
    expect(place).toMatchObject({ path: [], kind: 'key' });
    expect([...(place?.keys.keys() ?? [])]).toEqual(['id', 'tasks']);
  });

  it('takes a text of several lines as one value', () => {
    const place = at('tasks:\n  - id: q\n    sql: |\n      SELECT a\n      type: ‸\n');
    expect(place).toMatchObject({ kind: 'value', key: 'sql', path: ['tasks'] });
    expect(at('tasks:\n  - id: q\n    sql: |\n      SELECT\n    ty‸')).toMatchObject({
      kind: 'key',
      text: 'ty',
    });
  });

  it('keeps out of comments', () => {
    expect(at('# a ‸')).toBeUndefined();
    expect(at('id: a # not ‸')).toBeUndefined();
  });
});
