// The request of a backfill, and the same request as commands.
import type { components } from '../../../lib/api/generated';
import { BASE } from '../../../lib/api/client';
import { quote, type Command, type Given } from '../../../run/commands';
import type { Mode } from './modes';

export type BackfillRequest = components['schemas']['BackfillRequest'];

export interface Chosen {
  flow: { namespace: string; id: string };
  trigger: string;
  start: string;
  end: string;
  mode: Mode;
  /** How many executions may be open at the same time. */
  most: number;
  /** Labels as `key=value` with spaces between them. */
  labels: string;
  given: readonly Given[];
}

export function requestOf({ flow, trigger, start, end, mode, most, labels, given }: Chosen): BackfillRequest {
  const pairs = labels.split(/[\s,]+/).flatMap((label): [string, string][] => {
    const at = label.indexOf('=');
    return at > 0 ? [[label.slice(0, at), label.slice(at + 1)]] : [];
  });
  const inputs = given
    .filter(({ kind }) => kind === 'text')
    .map(({ id, value }): [string, string] => [id, value]);
  return {
    namespace: flow.namespace,
    flowId: flow.id,
    triggerId: trigger,
    start,
    ...(end && { end }),
    mode,
    maxActive: Math.max(1, most || 1),
    ...(pairs.length > 0 && { labels: Object.fromEntries(pairs) }),
    ...(inputs.length > 0 && { inputs: Object.fromEntries(inputs) }),
  } as BackfillRequest;
}

/** The ways to start the same backfill. */
export function commands(request: BackfillRequest): Command[] {
  return [
    { name: 'curl', write: ({ origin, hasPassword }) => curl(request, origin, hasPassword) },
    { name: 'Command line', write: ({ origin }) => cli(request, origin) },
  ];
}

export function curl(request: BackfillRequest, origin: string, hasPassword: boolean): string {
  return [
    `curl -X POST ${quote(`${origin}${BASE}/backfills`)}`,
    ...(hasPassword ? ['-u "$SEGUE_AUTH"'] : []),
    `-H 'Content-Type: application/json'`,
    `-d ${quote(JSON.stringify(request))}`,
  ].join(' \\\n  ');
}

export function cli(request: BackfillRequest, origin: string): string {
  const pairs = (values: unknown): [string, string][] =>
    Object.entries((values ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value)]);
  return [
    `segue backfill start ${quote(`${request.namespace}.${request.flowId}`)}`,
    `--server ${quote(origin)}`,
    ...(request.triggerId ? [`--trigger ${quote(request.triggerId)}`] : []),
    `--start ${quote(request.start)}`,
    ...(request.end ? [`--end ${quote(request.end)}`] : []),
    `--mode ${(request.mode ?? 'ALL').toLowerCase()}`,
    `--max-active ${request.maxActive ?? 1}`,
    ...pairs(request.inputs).map(([key, value]) => `-i ${quote(`${key}=${value}`)}`),
    ...pairs(request.labels).map(([key, value]) => `--label ${quote(`${key}=${value}`)}`),
  ].join(' \\\n  ');
}
