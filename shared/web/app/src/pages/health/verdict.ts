// One sentence about the server: that all is well, or what is wrong and what to do.
import type { Refusal } from '../../lib/api/client';
import type { HealthReport } from '../../lib/api/types';

export interface Verdict {
  text: string;
  isBad: boolean;
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

/** The sentence. Nothing before the first answer. */
export function verdict(report: HealthReport | undefined, refused: Refusal | undefined): Verdict | undefined {
  if (refused) return { isBad: true, text: `${refused.message} Look whether it runs, and at its log.` };
  if (!report) return undefined;
  if (report.status === 'DOWN') {
    const reason = report.reason ?? 'the reason is not known';
    return { isBad: true, text: `The state store is down, so nothing can run: ${reason}` };
  }
  const wrong = [
    ...(report.deadLetters
      ? [`${count(report.deadLetters, 'message was', 'messages were')} given up: read them below`]
      : []),
    ...(report.late.length > 0
      ? [
          `${count(report.late.length, 'trigger is', 'triggers are')} late: look at the executions they wait for`,
        ]
      : []),
  ];
  if (wrong.length > 0) return { isBad: true, text: `${wrong.join('. ')}.` };
  return { isBad: false, text: 'All well: the state store works, and no trigger is late.' };
}
