// Text that replaces a selection. Left to the browser, Chromium keeps the looks of the replaced text by an inline style,
// which the policy of the pages refuses.
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

export const replaceSelected: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== 'insertText' || event.isComposing || empty || text === null) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type' });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});
