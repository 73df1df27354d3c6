import { describe, expect, it } from 'vitest';
import type { FlowValidation } from '../lib/api/types';
import { plan, rows } from './report';

const checked = (flow: string, constraints?: string): FlowValidation => ({
  index: 0,
  flow,
  namespace: 'a.b',
  outdated: false,
  deprecationPaths: [],
  warnings: [],
  infos: [],
  diagnostics: [],
  ...(constraints !== undefined && { constraints }),
});

describe('the report of an import', () => {
  it('tells new, changed, unchanged and refused flows of one file apart', () => {
    const text = 'id: same\n---\nid: changed\nx: 2\n---\nid: new\n---\nid: wrong\n';
    const stored = new Map([
      ['a.b/same', 'id: same\n'],
      ['a.b/changed', 'id: changed\nx: 1\n'],
      ['a.b/wrong', 'id: wrong\n'],
    ]);
    const all = [checked('same'), checked('changed'), checked('new'), checked('wrong', 'no tasks')];
    const found = rows({ name: 'f.yaml', text }, all, stored);
    expect(found.map(({ flow, outcome }) => [flow, outcome])).toEqual([
      ['a.b.same', 'same'],
      ['a.b.changed', 'changed'],
      ['a.b.new', 'new'],
      ['a.b.wrong', 'refused'],
    ]);
    expect(plan(found)).toBe('Import 2 flows, skip 1 refused');
  });

  it('refuses a file without a flow', () => {
    const found = rows({ name: 'empty.yaml', text: '' }, [], new Map());
    expect(found).toMatchObject([{ file: 'empty.yaml', outcome: 'refused' }]);
    expect(plan(found)).toBe('Import 0 flows, skip 1 refused');
  });
});
