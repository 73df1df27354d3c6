import { expect, it } from 'vitest';
import { countOf, highest, line, listOf, partsOf, type Period } from './chart';

const period = (states: Period['states'], medianMs?: number): Period => ({
  from: '2026-01-01T00:00:00Z',
  to: '2026-01-02T00:00:00Z',
  states,
  ...(medianMs !== undefined && { medianMs }),
});

it('stacks the states of a bar, failures above', () => {
  const one = period({ FAILED: 1, SUCCESS: 3 });
  expect(countOf(one)).toBe(4);
  expect(highest([one, period({})])).toBe(4);
  expect(highest([period({})])).toBe(1);
  expect(partsOf(one, 8)).toEqual([
    { state: 'SUCCESS', count: 3, from: 0, height: 3 / 8 },
    { state: 'FAILED', count: 1, from: 3 / 8, height: 1 / 8 },
  ]);
});

it('leads to exactly the executions of a part', () => {
  const query = listOf(period({}), 'FAILED', [{ field: 'flowId', op: 'EQUALS', value: 'load' }]);
  expect([...query]).toEqual([
    ['filters[flowId][EQUALS]', 'load'],
    ['filters[startDate][GREATER_THAN_OR_EQUAL_TO]', '2026-01-01T00:00:00Z'],
    ['filters[startDate][LESS_THAN_OR_EQUAL_TO]', '2026-01-01T23:59:59.999Z'],
    ['filters[state][IN]', 'FAILED'],
  ]);
});

it('has no point where nothing ran', () => {
  expect(line([period({}), period({}, 40)], 'medianMs')).toEqual([{ at: 0.75, ms: 40 }]);
});
