import { expect, test } from 'vitest';
import { fairTurns } from './fair-turns.ts';

const waiting = ['shop-1', 'shop-2', 'shop-3', 'bank-1', 'bank-2', 'blog-1'];
const tenantOf = (name: string) => name.slice(0, 4);

test('without places the order stays as it is', () => {
  expect([...fairTurns(waiting, tenantOf, () => 0)]).toEqual(waiting);
});

test('the next turn is of the tenant with the fewest places', () => {
  const places = new Map([['bank', 1]]);
  const turns: string[] = [];
  for (const name of fairTurns(waiting, tenantOf, (tenant) => places.get(tenant) ?? 0)) {
    turns.push(name);
    places.set(tenantOf(name), (places.get(tenantOf(name)) ?? 0) + 1);
  }
  expect(turns).toEqual(['shop-1', 'blog-1', 'shop-2', 'bank-1', 'shop-3', 'bank-2']);
});

test('one that takes no place costs its tenant no turn', () => {
  const places = new Map<string, number>();
  const turns: string[] = [];
  for (const name of fairTurns(waiting, tenantOf, (tenant) => places.get(tenant) ?? 0)) {
    turns.push(name);
    if (name !== 'shop-1') places.set(tenantOf(name), (places.get(tenantOf(name)) ?? 0) + 1);
  }
  expect(turns).toEqual(['shop-1', 'shop-2', 'bank-1', 'blog-1', 'shop-3', 'bank-2']);
});
