import { expect, it } from 'vitest';
import { Refusal } from '../../lib/api/client';
import type { HealthReport } from '../../lib/api/types';
import { verdict } from './verdict';

const report: HealthReport = {
  ...{ status: 'UP', now: '2026-01-01T00:00:00Z', version: '1', isLocal: true, running: 0, queued: 0 },
  ...{ late: [], deadLetters: 0 },
};

it('says what is wrong before it says anything else', () => {
  expect(verdict(undefined, undefined)).toBeUndefined();
  expect(verdict(report, undefined)).toMatchObject({ isBad: false });
  expect(verdict(report, new Refusal(0, 'The server does not answer.'))?.text).toContain('does not answer');
  const down = verdict({ ...report, status: 'DOWN', reason: 'the disk is full' }, undefined);
  expect(down).toEqual({
    isBad: true,
    text: 'The state store is down, so nothing can run: the disk is full',
  });
  const late = { namespace: 'a', flowId: 'b', triggerId: 'c', due: '2026-01-01T00:00:00Z' };
  expect(verdict({ ...report, deadLetters: 2, late: [late] }, undefined)?.text).toBe(
    '2 messages were given up: read them below. 1 trigger is late: look at the executions they wait for.',
  );
});
