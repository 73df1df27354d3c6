import { describe, expect, it } from 'vitest';
import { changed, problem } from './labels';

const old = [{ key: 'team', value: 'data' }];
const row = (key: string, value: string, isOld = false) => ({ key, value, isOld });

describe('labels', () => {
  it('sends what is new or has another value', () => {
    const rows = [row('team', 'data', true), row(' by ', ' Ana '), row('', '')];
    expect(changed(rows, old)).toEqual([{ key: 'by', value: 'Ana' }]);
    expect(changed([row('team', 'ops', true)], old)).toEqual([{ key: 'team', value: 'ops' }]);
  });

  it('says what is wrong', () => {
    expect(problem([row('team', 'data', true), row('', '')])).toBe('');
    expect(problem([row('a', '1'), row('a', '2')])).toContain('twice');
    expect(problem([row('system.x', '1')])).toContain('own');
    expect(problem([row('a', '')])).toContain('no value');
    expect(problem([row('', '1')])).toContain('no key');
  });
});
