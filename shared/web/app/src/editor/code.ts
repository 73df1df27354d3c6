// CodeMirror for files and SQL, in a shadow root, without knowledge of flows.
import { autocompletion } from '@codemirror/autocomplete';
import { setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { range } from './marks';
import { base, editing, keys, rootOf } from './view';

export interface CodeOptions {
  text: string;
  /** The name for screen readers. */
  label: string;
  changed: (text: string) => void;
  /** Ctrl+S. */
  save?: (() => void) | undefined;
  /** Ctrl+Enter. */
  run?: (() => void) | undefined;
}

/** A mistake in the text. Line and column count from 1. */
export interface Mistake {
  message: string;
  line: number;
  column: number;
}

/** An editor, and a function that sets its language later. */
export interface CodeView {
  view: EditorView;
  speak: (language: Extension) => void;
}

export function createCode(host: HTMLElement, options: CodeOptions): CodeView {
  const root = rootOf(host);
  const language = new Compartment();
  const act = (run: (() => void) | undefined) => () => {
    run?.();
    return run !== undefined;
  };
  const extensions = [
    base(options.label, language.of([])),
    lineNumbers(),
    editing(),
    autocompletion({ icons: false }),
    keys([
      { key: 'Mod-s', run: act(options.save), preventDefault: options.save !== undefined },
      { key: 'Mod-Enter', run: act(options.run) },
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.changed(update.state.doc.toString());
    }),
  ];
  const state = EditorState.create({ doc: options.text, extensions });
  const view = new EditorView({ root, parent: root, state });
  return { view, speak: (spoken) => view.dispatch({ effects: language.reconfigure(spoken) }) };
}

/** The selected text. Nothing if no text is selected. */
export function selected(view: EditorView): { text: string; line: number; column: number } | undefined {
  const { from, to, empty } = view.state.selection.main;
  if (empty) return undefined;
  const line = view.state.doc.lineAt(from);
  return { text: view.state.sliceDoc(from, to), line: line.number, column: from - line.from + 1 };
}

/** Marks a mistake, or takes the marks away. */
export function markMistake(view: EditorView, mistake: Mistake | undefined): void {
  const found = mistake
    ? [{ ...range(view.state.doc, mistake), severity: 'error' as const, message: mistake.message }]
    : [];
  view.dispatch(setDiagnostics(view.state, found));
}
