import { expect, it } from 'vitest';
import type { TriggerHit } from '../../lib/api/types';
import { agenda, row, until } from './triggers';

const NOW = Date.parse('2026-03-01T08:00:00Z');

function hit(
  triggerId: string,
  context: Partial<TriggerHit['triggerContext']> = {},
  off = false,
): TriggerHit {
  return {
    abstractTrigger: { id: triggerId, type: 'io.kestra.plugin.core.trigger.Schedule', disabled: off },
    triggerContext: {
      tenantId: 'main',
      namespace: 'a',
      flowId: 'f',
      triggerId,
      disabled: false,
      updatedDate: '2026-01-01T00:00:00Z',
      ...context,
    },
  } as TriggerHit;
}

it('says what is wrong with a trigger', () => {
  const of = (one: TriggerHit) => row(one, NOW).health;
  expect(of(hit('t', { nextExecutionDate: '2026-03-01T09:00:00Z' }))).toBe('fine');
  expect(of(hit('t', { nextExecutionDate: '2026-03-01T07:50:00Z' }))).toBe('late');
  expect(of(hit('t', { nextExecutionDate: '2026-03-01T07:50:00Z', executionId: 'x' }))).toBe('blocked');
  expect(of(hit('t', { lastError: 'no bucket' }))).toBe('failing');
  expect(of(hit('t', { disabled: true }))).toBe('off');
  expect(of(hit('t', {}, true))).toBe('off');
  expect(row(hit('t', {}, true), NOW).fixed).toContain('source of the flow');
});

it('lists the next fire times in their order, and those of one moment together', () => {
  const rows = [
    hit('late', { nextExecutionDate: '2026-03-01T10:00:00Z' }),
    hit('one', { nextExecutionDate: '2026-03-01T09:00:00Z' }),
    hit('two', { nextExecutionDate: '2026-03-01T09:00:00Z' }),
    hit('off', { nextExecutionDate: '2026-03-01T09:00:00Z', disabled: true }),
    hit('far', { nextExecutionDate: '2026-03-09T09:00:00Z' }),
    hit('webhook'),
  ].map((one) => row(one, NOW));
  const found = agenda(rows, NOW, 86_400_000).map(({ date, rows }) => [
    date.slice(11, 16),
    rows.map(({ name }) => name.triggerId).join(' '),
  ]);
  expect(found).toEqual([
    ['09:00', 'one two'],
    ['10:00', 'late'],
  ]);
});

it('counts down in the largest unit', () => {
  expect(until('2026-03-01T08:00:20Z', NOW)).toBe('now');
  expect(until('2026-03-01T08:30:00Z', NOW)).toBe('in 30 min');
  expect(until('2026-03-01T14:00:00Z', NOW)).toBe('in 6 h');
  expect(until('2026-03-05T08:00:00Z', NOW)).toBe('in 4 d');
  expect(until('2026-03-01T07:00:00Z', NOW)).toBe('due');
});
