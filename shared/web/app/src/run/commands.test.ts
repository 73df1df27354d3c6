import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cli, curl, quote, subflow, type Start } from './commands';

const nasty = ['', 'a b', "it's", '$HOME `id` "q" \\ !', 'line 1\nline 2', 'ü;type=x', '@file', '{{ x }}'];
const start: Start = {
  origin: 'http://127.0.0.1:8080',
  namespace: 'a.b',
  id: 'f',
  given: [
    { id: 'text', kind: 'text', value: "it's $5" },
    { id: 'zones', kind: 'file', value: 'zones 1.csv' },
    { id: 'key', kind: 'secret', value: '' },
  ],
  labels: ['team=data one'],
  trigger: 'monthly',
  slot: '2026-01-01T09:00:00Z',
  hasPassword: true,
};

/** The words that a shell makes of a command, with a variable for the secret. */
function words(command: string): string[] {
  const script = `SECRET_KEY='se cret'; SEGUE_AUTH=me:pass; printf '%s\\0' ${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('commands that start the same execution', () => {
  it('reach the program as they were typed', () => {
    expect(words(nasty.map(quote).join(' '))).toEqual(nasty);
    expect(words(curl(start))).toEqual([
      ...['curl', '-X', 'POST'],
      'http://127.0.0.1:8080/api/v1/main/executions/a.b/f?triggerId=monthly&triggerDate=2026-01-01T09%3A00%3A00Z&labels=team%3Adata+one',
      ...['-u', 'me:pass', '--form-string', "text=it's $5", '-F', 'zones=@zones 1.csv'],
      ...['--form-string', 'key=se cret'],
    ]);
    expect(words(cli(start))).toEqual([
      ...['segue', 'execution', 'run', 'a.b.f', '--server', 'http://127.0.0.1:8080'],
      ...['-i', "text=it's $5", '-i', 'zones=@zones 1.csv'],
      ...['-i', 'key=se cret', '--label', 'team=data one', '--trigger', 'monthly'],
      ...['--date', '2026-01-01T09:00:00Z'],
    ]);
  });

  it('are a task of another flow', () => {
    expect(subflow({ ...start, given: start.given.slice(0, 1) }).split('\n')).toEqual([
      '- id: run_f',
      '  type: io.kestra.plugin.core.flow.Subflow',
      '  namespace: "a.b"',
      '  flowId: "f"',
      '  inputs:',
      '    "text": "it\'s $5"',
      '  labels:',
      '    "team": "data one"',
    ]);
  });
});
