// The looks of the editor, from the tokens of the pages. They are constructed style sheets of the shadow root, which
// the policy of the pages allows.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--page)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--muted)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)',
  },
  '.cm-activeLineGutter': { color: 'var(--text)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 28%, transparent) !important',
  },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: '6px',
    backgroundColor: 'var(--page)',
    color: 'var(--text)',
    boxShadow: '0 4px 16px rgb(0 0 0 / 20%)',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '15em' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--on-accent)',
  },
  '.cm-completionDetail': { color: 'inherit', opacity: '0.75', fontStyle: 'normal' },
  '.cm-completionInfo': { maxWidth: '380px', padding: '8px 10px', fontFamily: 'var(--sans)' },
  '.older .cm-completionLabel': { textDecoration: 'line-through' },
  '.hover': {
    maxWidth: '520px',
    maxHeight: '240px',
    padding: '6px 10px',
    overflow: 'auto',
    fontFamily: 'var(--sans)',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--sans)', maxWidth: '560px' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--state-failed)' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--state-warning)' },
  '.cm-diagnostic-info': { borderLeft: '4px solid var(--accent)' },
  '.cm-lintRange': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-error': { textDecorationColor: 'var(--state-failed)' },
  '.cm-lintRange-warning': { textDecorationColor: 'var(--state-warning)' },
  '.cm-lintRange-info': { textDecorationColor: 'var(--accent)' },
  '.cm-lint-marker': { content: 'none', width: '14px', font: '700 12px/20px var(--sans)' },
  '.cm-lint-marker-error': { color: 'var(--state-failed)' },
  '.cm-lint-marker-error::before': { content: '"✕"' },
  '.cm-lint-marker-warning': { color: 'var(--state-warning)' },
  '.cm-lint-marker-warning::before': { content: '"△"' },
  '.cm-lint-marker-info': { color: 'var(--accent)' },
  '.cm-lint-marker-info::before': { content: '"i"' },
  '.cm-panels': { backgroundColor: 'var(--panel)', color: 'var(--text)' },
  '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '6px 8px' },
  '.cm-textfield': {
    backgroundColor: 'var(--page)',
    border: '1px solid var(--muted)',
    borderRadius: '6px',
    color: 'var(--text)',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--page)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
  },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in srgb, var(--state-warning) 35%, transparent)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--panel)',
    borderColor: 'var(--line)',
    color: 'var(--muted)',
  },
  '.marked': { backgroundColor: 'color-mix(in srgb, var(--accent) 18%, transparent)' },
  '.hint': { color: 'var(--muted)' },
  '.cm-changedLine': {
    backgroundColor: 'color-mix(in srgb, var(--state-success) 14%, transparent) !important',
  },
  '.cm-deletedChunk, &.cm-merge-a .cm-changedLine': {
    backgroundColor: 'color-mix(in srgb, var(--state-failed) 13%, transparent) !important',
  },
  '.cm-changedText, .cm-deletedText': {
    background: 'none !important',
    textDecoration: 'underline 1px',
    textDecorationColor: 'var(--state-success)',
  },
  '&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText': {
    background: 'none !important',
    textDecoration: 'underline 1px',
    textDecorationColor: 'var(--state-failed)',
  },
  // The marks of the library are in few fonts.
  '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '"…"' },
  '.cm-collapsedLines': {
    background: 'var(--panel)',
    color: 'var(--muted)',
    fontFamily: 'var(--sans)',
    borderBlock: '1px solid var(--line)',
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--accent)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--muted)', fontStyle: 'italic' },
  {
    tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.definitionKeyword],
    color: 'var(--state-paused)',
  },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--state-success)' },
  { tag: [tags.meta, tags.separator, tags.punctuation], color: 'var(--muted)' },
]);

export const theme: Extension = [look, syntaxHighlighting(colours)];
