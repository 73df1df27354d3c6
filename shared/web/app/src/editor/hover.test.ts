import { expect, it } from 'vitest';
import { expressionAt } from './hover';

it('finds the expression around a column', () => {
  const line = 'message: "{{ a }} and {{ b }}"';
  const at = (column: number) => {
    const found = expressionAt(line, column);
    return found && line.slice(found.from, found.to);
  };
  expect(at(10)).toBe('{{ a }}');
  expect(at(13)).toBe('{{ a }}');
  expect(at(16)).toBe('{{ a }}');
  expect(at(17)).toBeUndefined();
  expect(at(25)).toBe('{{ b }}');
  expect(at(2)).toBeUndefined();
});
