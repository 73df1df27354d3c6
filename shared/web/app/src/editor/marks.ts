// Problems of a source as marks in the editor.
import type { Diagnostic as Mark } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import type { Diagnostic } from '../lib/api/types';

const SEVERITY = { error: 'error', warning: 'warning', note: 'info' } as const;

/** The place of a problem in a text: the word at its position, or the first line for the whole file. */
export function range(
  text: Text,
  { line, column }: { line: number; column: number },
): { from: number; to: number } {
  const at = text.line(Math.min(Math.max(line, 1), text.lines));
  // A column counts characters, and a position counts UTF-16 units.
  const before = [...at.text].slice(0, Math.max(0, column - 1)).join('').length;
  const from = at.from + Math.min(before, at.length);
  const word = /^(?:"[^"]*"|'[^']*'|[^\s,\]}]+)/.exec(at.text.slice(from - at.from))?.[0] ?? '';
  const key = /:$/.test(word) ? word.slice(0, -1) : word;
  return { from, to: from + key.length };
}

export function marks(text: Text, problems: readonly Diagnostic[]): Mark[] {
  return problems.map(({ code, severity, position, message, hint }) => ({
    ...range(text, position),
    severity: SEVERITY[severity],
    source: code,
    message: hint ? `${message}\n${hint}` : message,
    renderMessage: () => said(message, hint, code),
  }));
}

function said(message: string, hint: string | null, code: string): Node {
  const box = document.createElement('div');
  box.append(line(message, ''));
  if (hint) box.append(line(hint, 'hint'));
  box.append(line(code, 'hint'));
  return box;
}

function line(text: string, name: string): HTMLElement {
  const element = document.createElement('div');
  element.textContent = text;
  if (name) element.className = name;
  return element;
}
