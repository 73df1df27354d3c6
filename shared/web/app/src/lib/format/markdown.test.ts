import { expect, it } from 'vitest';
import { blocks, pieces } from './markdown';

it('reads headings, paragraphs, lists and code', () => {
  const text =
    '# Title\n\nFirst line\nsecond line\n\n- one\n- two\n\n1. a\n2. b\n\n```mermaid\ngraph TD\n# not a title\n```\nend';
  expect(blocks(text).map((block) => block.kind)).toEqual([
    'heading',
    'paragraph',
    'list',
    'list',
    'code',
    'paragraph',
  ]);
  expect(blocks(text)[2]).toMatchObject({ isOrdered: false, items: [[{ text: 'one' }], [{ text: 'two' }]] });
  expect(blocks(text)[4]).toEqual({ kind: 'code', language: 'mermaid', text: 'graph TD\n# not a title' });
});

it('reads code, strong text and links, and keeps tags and other addresses as text', () => {
  expect(pieces('a `b` **c** [d](https://e.org/x) <img onerror=x>')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'code', text: 'b' },
    { kind: 'text', text: ' ' },
    { kind: 'strong', text: 'c' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'd', address: 'https://e.org/x' },
    { kind: 'text', text: ' <img onerror=x>' },
  ]);
  expect(pieces('[x](javascript:alert(1))')[0]).toMatchObject({ kind: 'text' });
  expect(pieces('see https://a.org/b.')[1]).toMatchObject({ kind: 'link' });
  expect(pieces('2 * 3 * 4')).toEqual([{ kind: 'text', text: '2 * 3 * 4' }]);
});
