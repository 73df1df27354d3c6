// CodeMirror for flows, in a shadow root. There its styles are constructed style sheets, which the policy of the pages
// allows. Knows no page and no API: what it asks for is given.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { lintGutter, lintKeymap, linter } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  type KeyBinding,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import type { Diagnostic } from '../lib/api/types';
import { completions, optionClass } from './complete';
import { hovers } from './hover';
import type { Knowledge } from './knowledge';
import { marks, range } from './marks';
import { theme } from './theme';
import { replaceSelected } from './typing';

/** How long the editor waits after a change before it asks for the problems, in ms. */
const PAUSE = 250;

export interface EditorOptions {
  text: string;
  /** The name for screen readers. */
  label: string;
  known: Knowledge;
  /** Asks for the problems of a text. */
  validate: (text: string) => Promise<Diagnostic[]>;
  changed: (text: string) => void;
  save: () => void;
  saveAndRun: () => void;
  /** Somebody clicked the number of a line. */
  lineChosen: (line: number) => void;
  /** The cursor is on another line, from 1. */
  moved: (line: number) => void;
}

const mark = StateEffect.define<number>();
const line = Decoration.line({ class: 'marked' });

/** The line that a link leads to. */
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let next = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const builder = new RangeSetBuilder<Decoration>();
      if (effect.value >= 0) builder.add(effect.value, effect.value, line);
      next = builder.finish();
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** What editors and comparisons have in common. */
export function base(label: string, language: Extension = yaml()): Extension {
  return [
    theme,
    language,
    highlightSpecialChars(),
    drawSelection(),
    replaceSelected,
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    EditorState.tabSize.of(2),
    indentUnit.of('  '),
  ];
}

/** What editors have, and comparisons have not. */
export function editing(): Extension {
  return [
    history(),
    foldGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    bracketMatching(),
    closeBrackets(),
    indentOnInput(),
    highlightSelectionMatches(),
    lintGutter(),
  ];
}

/** The keys of an editor. Its own keys come first. */
export function keys(own: readonly KeyBinding[]): Extension {
  return keymap.of([
    ...own,
    ...closeBracketsKeymap,
    ...completionKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...defaultKeymap,
    indentWithTab,
  ]);
}

/** The root for an editor below an element. An element keeps its root. */
export function rootOf(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: 'open' });
}

export function createEditor(host: HTMLElement, options: EditorOptions): EditorView {
  const root = rootOf(host);
  const act = (run: () => void) => () => {
    run();
    return true;
  };
  const extensions = [
    base(options.label),
    lineNumbers({
      domEventHandlers: {
        mousedown: (view, block) => {
          options.lineChosen(view.state.doc.lineAt(block.from).number);
          return true;
        },
      },
    }),
    editing(),
    marked,
    autocompletion({
      override: [completions(options.known)],
      activateOnCompletion: ({ type }) => type === 'property',
      optionClass,
      icons: false,
      // The words are known in the browser, so the list need not wait.
      activateOnTypingDelay: 20,
    }),
    hovers(options.known),
    linter(async (view) => marks(view.state.doc, await options.validate(view.state.doc.toString())), {
      delay: PAUSE,
    }),
    keys([
      { key: 'Mod-s', run: act(options.save), preventDefault: true },
      { key: 'Mod-Enter', run: act(options.saveAndRun) },
      ...lintKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.changed(update.state.doc.toString());
      if (update.selectionSet || update.docChanged)
        options.moved(update.state.doc.lineAt(update.state.selection.main.head).number);
    }),
  ];
  return new EditorView({ root, parent: root, state: EditorState.create({ doc: options.text, extensions }) });
}

/** Puts another text in place, as one change that can be undone. */
export function replaceText(view: EditorView, text: string): void {
  if (view.state.doc.toString() === text) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

/** Goes to a position, and puts the cursor there. */
export function goTo(view: EditorView, position: { line: number; column: number }): void {
  const { from } = range(view.state.doc, position);
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
  view.focus();
}

/** Marks a line, from 1, and scrolls to it. 0 takes the mark away. */
export function markLine(view: EditorView, number: number): void {
  if (number < 1 || number > view.state.doc.lines) return view.dispatch({ effects: mark.of(-1) });
  const { from } = view.state.doc.line(number);
  view.dispatch({ effects: [mark.of(from), EditorView.scrollIntoView(from, { y: 'center' })] });
}
