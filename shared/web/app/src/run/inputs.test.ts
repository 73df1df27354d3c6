import { describe, expect, it } from 'vitest';
import { field, sent, shown } from './inputs';

describe('fields of inputs', () => {
  it('have a control for each type', () => {
    const types = [
      'STRING',
      'INT',
      'FLOAT',
      'BOOL',
      'BOOLEAN',
      'SELECT',
      'ENUM',
      'MULTISELECT',
      'ARRAY',
      'DATE',
      'TIME',
      'DATETIME',
      'DURATION',
      'FILE',
      'JSON',
      'YAML',
      'URI',
      'EMAIL',
      'SECRET',
    ];
    expect(types.map((type) => field({ id: 'x', type }).control)).toEqual([
      'text',
      'number',
      'number',
      'flag',
      'flag',
      'choice',
      'choice',
      'choices',
      'list',
      'date',
      'time',
      'datetime',
      'text',
      'file',
      'code',
      'code',
      'text',
      'text',
      'secret',
    ]);
  });

  it('say their rules in words', () => {
    const part = { id: 'n', type: 'INT', displayName: 'Count', min: 1, max: 9, required: false };
    expect(field(part)).toMatchObject({ name: 'Count', isRequired: false, rule: 'at least 1, at most 9' });
    expect(field({ id: 'f', type: 'FILE', allowedFileExtensions: ['.csv', '.txt'] }).rule).toBe('.csv, .txt');
    expect(field({ id: 's', type: 'SELECT', values: ['a', 1], allowCustomValue: true })).toMatchObject({
      values: ['a', '1'],
      isOpen: true,
    });
  });
});

describe('values of fields', () => {
  it('are sent so that the server reads what was typed', () => {
    const list = { control: 'list', type: 'ARRAY' } as const;
    expect(sent(list, ' 1\n2 \n', 'INT')).toBe('[1,2]');
    expect(sent(list, 'a "b"\nü', 'STRING')).toBe('["a \\"b\\"","ü"]');
    expect(sent(list, '[1, 2]')).toBe('[1, 2]');
    const date = { control: 'datetime', type: 'DATETIME' } as const;
    expect(sent(date, '2026-01-02T03:04')).toBe('2026-01-02T03:04:00Z');
    expect(sent(date, '2026-01-02T03:04:05+02:00')).toBe('2026-01-02T03:04:05+02:00');
    expect(sent({ control: 'time', type: 'TIME' }, '03:04')).toBe('03:04:00');
    expect(sent({ control: 'number', type: 'FLOAT' }, '1.10')).toBe('1.10');
    for (const control of ['text', 'list', 'datetime'] as const)
      expect(sent({ control, type: 'STRING' }, '')).toBe('');
  });

  it('are shown as the server resolved them', () => {
    expect(shown('list', [1, 'b'])).toBe('1\nb');
    expect(shown('choices', ['a'])).toBe('["a"]');
    expect(shown('datetime', '2026-01-02T03:04:05Z')).toBe('2026-01-02T03:04:05');
    expect(shown('flag', true)).toBe('true');
    expect(shown('code', { a: 1 })).toBe('{\n  "a": 1\n}');
    expect([shown('text', null), shown('text', undefined)]).toEqual(['', '']);
  });
});
