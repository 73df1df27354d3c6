import { describe, expect, it } from 'vitest';
import { clear, drop, type Filter, name, read, request, set, words } from './filters';

/** Filters that differ from run to run, from a number. */
function some(seed: number): Filter[] {
  let state = seed;
  const next = (below: number) => (state = (state * 48271) % 2147483647) % below;
  const values = ['FAILED,KILLED', 'a.b', 'ü %&=', 'x[y]', '1', 'a+b c', '#'];
  return Array.from({ length: next(5) }, (_, at) => {
    const filter = {
      field: ['state', 'labels', 'namespace', 'q'][next(4)] ?? 'q',
      op: ['IN', 'EQUALS'][next(2)] ?? 'IN',
      value: `${values[next(7)] ?? ''}${at}`,
    };
    return filter.field === 'labels' ? { ...filter, key: ['team', 'a.b', 'ü'][next(3)] ?? 'k' } : filter;
  });
}

describe('filters in an address', () => {
  it('survive being written and read, in their order', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const params = new URLSearchParams({ unknown: 'kept' });
      const filters = some(seed);
      for (const filter of filters) params.append(name(filter), filter.value);
      expect(read(new URL(`http://x/?${params}`).searchParams)).toEqual(filters);
      expect(read(request(params))).toEqual(filters);
    }
  });

  it('are set, dropped and cleared, and other keys are kept', () => {
    const params = new URLSearchParams('unknown=1&page=3&filters[state][IN]=FAILED');
    set(params, { field: 'state', op: 'IN', value: 'KILLED' });
    set(params, { field: 'labels', op: 'EQUALS', key: 'team', value: 'a' });
    expect(read(params).map(words)).toEqual(['state is KILLED', 'label team is a']);
    expect(params.get('page')).toBeNull();
    drop(params, { field: 'state', op: 'IN', value: 'KILLED' });
    expect(read(params)).toHaveLength(1);
    set(params, { field: 'labels', op: 'EQUALS', key: 'team', value: '' });
    clear(params);
    expect(params.toString()).toBe('unknown=1');
  });

  it('are all that is sent, with order and page', () => {
    const query = request(new URLSearchParams('run=1&page=2&filters[q][EQUALS]=x'), [
      { field: 'flowId', op: 'EQUALS', value: 'f' },
    ]);
    expect(decodeURIComponent(query.toString())).toBe(
      'filters[flowId][EQUALS]=f&filters[q][EQUALS]=x&page=2&size=50',
    );
  });
});
