// What the dialog would start, as text for a shell or for another flow.
import { BASE } from '../lib/api/client';

/** A value that the form sends. The value of a secret is not in any text. */
export interface Given {
  id: string;
  kind: 'text' | 'file' | 'secret';
  /** The text, or the name of the file. Empty for a secret. */
  value: string;
}

/** The server that a command speaks to. */
export interface Server {
  /** The address. */
  origin: string;
  /** Whether the server asks for a name and a password. */
  hasPassword: boolean;
}

/** A way to write a request. */
export interface Command {
  name: string;
  write: (server: Server) => string;
}

/** What the dialog would start. */
export interface Run {
  namespace: string;
  id: string;
  given: readonly Given[];
  /** Labels as `key=value`. */
  labels: readonly string[];
  /** The schedule and its slot. Empty for the latest slot of the first schedule. */
  trigger: string;
  slot: string;
}

export type Start = Run & Server;

/** The ways to start the same execution. */
export function commands(run: Run): Command[] {
  return [
    { name: 'curl', write: (server) => curl({ ...run, ...server }) },
    { name: 'Command line', write: (server) => cli({ ...run, ...server }) },
    { name: 'Subflow task', write: () => subflow(run) },
  ];
}

/** A word of a POSIX shell. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const lines = (parts: readonly string[]) => parts.join(' \\\n  ');

/** `name=value` as a word. The shell puts the value of a secret in from its own variable. */
function pair({ id, kind, value }: Given): string {
  if (kind === 'secret') return `${quote(`${id}=`)}"$SECRET_${id.toUpperCase().replace(/\W/g, '_')}"`;
  return quote(kind === 'file' ? `${id}=@${value}` : `${id}=${value}`);
}

export function curl(start: Start): string {
  const query = new URLSearchParams();
  if (start.trigger) query.set('triggerId', start.trigger);
  if (start.slot) query.set('triggerDate', start.slot);
  for (const label of start.labels) query.append('labels', label.replace('=', ':'));
  const place = `${BASE}/executions/${encodeURIComponent(start.namespace)}/${encodeURIComponent(start.id)}`;
  const address = `${start.origin}${place}${query.size > 0 ? `?${query}` : ''}`;
  return lines([
    `curl -X POST ${quote(address)}`,
    ...(start.hasPassword ? ['-u "$SEGUE_AUTH"'] : []),
    // The value of --form-string is taken as it is, also if it begins with @.
    ...start.given.map((one) => `${one.kind === 'file' ? '-F' : '--form-string'} ${pair(one)}`),
  ]);
}

export function cli(start: Start): string {
  return lines([
    `segue execution run ${quote(`${start.namespace}.${start.id}`)}`,
    `--server ${quote(start.origin)}`,
    ...start.given.map((one) => `-i ${pair(one)}`),
    ...start.labels.map((label) => `--label ${quote(label)}`),
    ...(start.trigger ? [`--trigger ${quote(start.trigger)}`] : []),
    ...(start.slot ? [`--date ${quote(start.slot)}`] : []),
  ]);
}

/** A task of another flow. Files and secrets are expressions that the author fills in. */
export function subflow(start: Run): string {
  const inputs = start.given.map(({ id, kind, value }) => {
    const text = kind === 'text' ? JSON.stringify(value) : kind === 'file' ? '""' : `"{{ secret('…') }}"`;
    return `    ${JSON.stringify(id)}: ${text}`;
  });
  const labels = start.labels.map((label) => {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/.exec(label) ?? [];
    return `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  });
  return [
    `- id: run_${start.id.replace(/\W/g, '_')}`,
    '  type: io.kestra.plugin.core.flow.Subflow',
    `  namespace: ${JSON.stringify(start.namespace)}`,
    `  flowId: ${JSON.stringify(start.id)}`,
    ...(inputs.length > 0 ? ['  inputs:', ...inputs] : []),
    ...(labels.length > 0 ? ['  labels:', ...labels] : []),
  ].join('\n');
}
