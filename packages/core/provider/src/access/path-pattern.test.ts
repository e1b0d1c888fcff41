import { expect, test } from 'vitest';
import { canStartWith, covers, matches } from './path-pattern.ts';

test.each([
  ['secret/shop/db', ['secret/shop/db'], ['secret/shop', 'secret/shop/db2', 'secret/Shop/db', 'xsecret/shop/db']],
  ['secret/shop/*', ['secret/shop/db', 'secret/shop/'], ['secret/shop/web/db', 'secret/shop', 'secret/shops/db']],
  ['secret/shop/**', ['secret/shop/db', 'secret/shop/web/db'], ['secret/shop', 'secret/shopping/db']],
  ['secret/**/db', ['secret/a/db', 'secret/a/b/db'], ['secret/db', 'secret/a/dbx']],
  ['**', ['secret/a/b', 'x', ''], []],
  ['*', ['x', ''], ['a/b']],
  ['db?', ['db1', 'dbx'], ['db', 'db12', 'db/']],
  ['shop_*', ['shop_web', 'shop_'], ['shop', 'Shop_web', 'myshop_web']],
  ['*_api', ['shop_api', '_api'], ['shop_api2']],
  ['a*b*c', ['abc', 'aXbYc', 'abbcc'], ['ab', 'a/b/c']],
  ['***', ['a/b'], []],
  // These are characters like others.
  ['secret/[a-z].+', ['secret/[a-z].+'], ['secret/b.+']],
  ['prod/😀?', ['prod/😀😀'], ['prod/😀']],
])('%s matches %j, and not %j', (pattern, those, others) => {
  expect(those.filter((text) => !matches(pattern, text))).toEqual([]);
  expect(others.filter((text) => matches(pattern, text))).toEqual([]);
});

test.each([
  ['secret/**', 'secret/shop/*', true],
  ['secret/*', 'secret/shop', true],
  ['secret/*', 'secret/**', false],
  ['secret/*/db', 'secret/shop/db', true],
  ['**', 'secret/**', true],
  ['shop_*', 'shop_a*', true],
  ['shop_*', '*', false],
  ['db?', 'db1', true],
  ['db*', 'db?', true],
  ['db?', 'db*', false],
  ['secret/shop/*', 'secret/shop/*', true],
])('%s covers %s: %s', (wide, narrow, expected) => {
  expect(covers(wide, narrow)).toBe(expected);
});

test.each([
  ['shop_*', 'shop_', true],
  ['*', 'shop_', true],
  ['*_api', 'shop_', true],
  ['pay_*', 'shop_', false],
  ['shop', 'shop_', false],
])('a text that starts like %s can start with %s: %s', (pattern, prefix, expected) => {
  expect(canStartWith(pattern, prefix)).toBe(expected);
});

test('a pattern of many wildcards does not take longer than others', () => {
  const startedAt = process.cpuUsage().user;
  expect(matches('**a'.repeat(150), 'a'.repeat(4_096))).toBe(true);
  expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(4_096))).toBe(false);
  expect((process.cpuUsage().user - startedAt) / 1000).toBeLessThan(10_000);
});
