import { expect, it } from 'vitest';
import { rows } from './tree';

it('puts each namespace below the one that contains it', () => {
  const namespaces = ['shop-a', 'shop', 'shop.orders', 'shop.orders.eu', 'shop-a.x'].map((id) => ({
    id,
    disabled: id === 'shop',
  }));
  expect(rows(namespaces).map(({ id, depth }) => `${'  '.repeat(depth)}${id}`)).toEqual([
    'shop',
    '  shop.orders',
    '    shop.orders.eu',
    'shop-a',
    '  shop-a.x',
  ]);
  expect(rows(namespaces)[0]).toEqual({ id: 'shop', name: 'shop', depth: 0, hasFlows: false });
});
