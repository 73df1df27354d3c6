// Two texts next to each other, or as one with what was taken out and put in.
import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { base, rootOf } from './view';

export interface CompareOptions {
  before: string;
  after: string;
  /** The names of both texts for screen readers. */
  labels: [string, string];
  isInline: boolean;
  /** Hears of changes of the second text. It cannot be changed if this is absent. */
  changed?: ((text: string) => void) | undefined;
}

/** How many lines around a change are shown. */
const AROUND = 3;

/** Shows the comparison. The returned function takes it away. */
export function compare(host: HTMLElement, options: CompareOptions): () => void {
  const root = rootOf(host);
  const { changed } = options;
  const fixed = EditorState.readOnly.of(true);
  const second = changed
    ? EditorView.updateListener.of((update) => {
        if (update.docChanged) changed(update.state.doc.toString());
      })
    : fixed;
  const common = (label: string) => [base(label), lineNumbers()];
  const collapseUnchanged = { margin: AROUND, minSize: 4 };
  if (options.isInline) {
    const unified = unifiedMergeView({
      original: options.before,
      mergeControls: changed !== undefined,
      collapseUnchanged,
    });
    const extensions = [common(options.labels[1]), second, unified];
    const state = EditorState.create({ doc: options.after, extensions });
    const view = new EditorView({ root, parent: root, state });
    return () => view.destroy();
  }
  const view = new MergeView({
    root,
    parent: root,
    a: { doc: options.before, extensions: [common(options.labels[0]), fixed] },
    b: { doc: options.after, extensions: [common(options.labels[1]), second] },
    collapseUnchanged,
    ...(changed && { revertControls: 'a-to-b' as const }),
  });
  return () => view.destroy();
}
