import { expect, it } from 'vitest';
import { Cutter } from './sse';

const STREAM =
  ': still there\n\nid: a\ndata: {"n":1}\n\nid: b\r\ndata: {"n":\r\ndata: 2}\r\n\r\ndata: {"n":3}\n\ndata: cut';

it('finds the same events wherever the stream is cut', () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const cutter = new Cutter();
    const found: string[] = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...cutter.push(STREAM.slice(at, at + size)));
    expect(
      found.map((text) => JSON.parse(text) as unknown),
      `pieces of ${size}`,
    ).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  }
});
