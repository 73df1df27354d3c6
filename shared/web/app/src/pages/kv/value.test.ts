import { describe, expect, it } from 'vitest';
import { header, recognise, serviceAccount } from './value';

describe('values of the KV store', () => {
  it('are recognised by their text', () => {
    const cases: [string, string, string][] = [
      ['word', 'STRING', '"word"'],
      ['two words\nand a line', 'STRING', '"two words\\nand a line"'],
      ['"quoted"', 'STRING', '"quoted"'],
      ['', 'STRING', '""'],
      [' 9007199254740993 ', 'NUMBER', '9007199254740993'],
      ['true', 'BOOLEAN', 'true'],
      ['2024-01-31', 'DATE', '2024-01-31'],
      ['2024-01-31T10:00:00Z', 'DATETIME', '2024-01-31T10:00:00Z'],
      ['PT5M', 'DURATION', 'PT5M'],
      ['"PT5M"', 'DURATION', '"PT5M"'],
      ['P', 'STRING', '"P"'],
      ['{"a": "x\\ny"}', 'JSON', '{"a": "x\\ny"}'],
      ['null', 'JSON', 'null'],
    ];
    for (const [text, kind, body] of cases)
      expect(recognise(text), text).toEqual({ kind, body, problem: '' });
  });

  it('are texts where the user says so', () => {
    expect(recognise('12', true)).toEqual({ kind: 'STRING', body: '"12"', problem: '' });
  });

  it('say what is wrong with JSON that is cut', () => {
    const { kind, problem } = recognise('{"type": "service_account",');
    expect(kind).toBe('STRING');
    expect(problem).toContain('not valid JSON');
  });

  it('are known as the key of a service account', () => {
    const key = { type: 'service_account', client_email: 'a@b', project_id: 'p', private_key_id: 'k' };
    expect(serviceAccount(JSON.stringify(key))).toEqual({ email: 'a@b', project: 'p', keyId: 'k' });
    expect(serviceAccount('{"type": "service_account"')).toBeUndefined();
    expect(serviceAccount('{"type": "user"}')).toBeUndefined();
  });

  it('have descriptions that a header can carry', () => {
    expect(header(' für\nalle ')).toBe('f\u00c3\u00bcr alle');
  });
});
