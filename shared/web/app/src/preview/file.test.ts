import { expect, it } from 'vitest';
import { nameOf, sizeText } from './file';

it('writes a size to read, and exactly', () => {
  expect(sizeText(0)).toBe('0 B');
  expect(sizeText(1023)).toBe('1,023 B');
  expect(sizeText(12_322)).toBe('12.0 KiB, 12,322 B');
  expect(sizeText(382_415_872)).toBe('364.7 MiB, 382,415,872 B');
});

it('reads the name of a file from its address', () => {
  expect(nameOf('kestra:///a/b/executions/x/tasks/t/y/taxi%20zones.csv')).toBe('taxi zones.csv');
  expect(nameOf('kestra:///a/50%.csv')).toBe('50%.csv');
});
