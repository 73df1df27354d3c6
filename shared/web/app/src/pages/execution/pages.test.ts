import { describe, expect, it } from 'vitest';
import type { TaskRun, TaskRunRow } from '../../lib/api/types';
import { Pages, SIZE } from './pages';

const row = (id: string): TaskRunRow =>
  ({ run: { id, state: { current: 'RUNNING' } }, depth: 0, below: 0, states: {} }) as unknown as TaskRunRow;
const rows = (from: number, count: number) => Array.from({ length: count }, (_, at) => row(`r${from + at}`));

describe('pages of a long list', () => {
  it('are asked for where somebody looks, and once', () => {
    const pages = new Pages();
    expect(pages.missing(0, 1)).toEqual({ from: 0, limit: SIZE });
    expect(pages.missing(SIZE - 1, SIZE + 1)).toEqual({ from: 0, limit: 2 * SIZE });
    pages.put(0, SIZE, rows(0, SIZE));
    expect(pages.missing(SIZE - 1, SIZE + 1)).toEqual({ from: SIZE, limit: SIZE });
    pages.put(SIZE, SIZE, rows(SIZE, 3));
    expect(pages.lacks(0, SIZE + 3)).toBe(false);
    expect(pages.row(SIZE + 2)?.run.id).toBe(`r${SIZE + 2}`);
    expect(pages.row(SIZE + 3)).toBeUndefined();
    expect(pages.missing(0, 100 * SIZE)).toEqual({ from: 2 * SIZE, limit: 4 * SIZE });
  });

  it('that are old are shown until they are loaded again', () => {
    const pages = new Pages();
    pages.put(0, SIZE, rows(0, SIZE));
    pages.age();
    expect(pages.row(3)?.run.id).toBe('r3');
    expect(pages.missing(0, 10)).toEqual({ from: 0, limit: SIZE });
    pages.put(0, SIZE, rows(100, SIZE));
    expect(pages.row(3)?.run.id).toBe('r103');
    expect(pages.lacks(0, 10)).toBe(false);
  });

  it('take changed task runs, and keep the rest of the row', () => {
    const pages = new Pages();
    pages.put(0, SIZE, [{ ...row('a'), depth: 2 }, row('b')]);
    const done = { id: 'a', state: { current: 'SUCCESS' } } as unknown as TaskRun;
    pages.patch(new Map([['a', done]]));
    expect(pages.row(0)).toMatchObject({ depth: 2, run: { state: { current: 'SUCCESS' } } });
    expect(pages.find('b')?.state.current).toBe('RUNNING');
    expect(pages.find('c')).toBeUndefined();
  });

  it('that were not looked at for long make room', () => {
    const pages = new Pages();
    for (let page = 0; page < 60; page += 1) pages.put(page * SIZE, SIZE, rows(page * SIZE, SIZE));
    expect(pages.row(0)).toBeUndefined();
    expect(pages.row(59 * SIZE)?.run.id).toBe(`r${59 * SIZE}`);
  });
});
