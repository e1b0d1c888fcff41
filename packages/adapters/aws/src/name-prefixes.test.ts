import { expect, test } from 'vitest';
import { commonPrefixes } from './name-prefixes.ts';

test('up to ten names are used as they are', () => {
  expect(commonPrefixes(['b', 'a', 'b'])).toEqual(['a', 'b']);
});

test('many names are grouped by what they have in common', () => {
  const names = Array.from({ length: 50 }, (_, index) => [`prod/web/s${index}`, `test/db/s${index}`]).flat();
  const prefixes = commonPrefixes(names);
  expect(prefixes.length).toBeLessThanOrEqual(10);
  for (const name of names) expect(prefixes.some((prefix) => name.startsWith(prefix))).toBe(true);
  for (const prefix of prefixes) expect(prefix).toMatch(/^(prod\/web|test\/db)\/s/);
});

test('there are none for names that have nothing in common, or for no names', () => {
  expect(commonPrefixes([...'abcdefghijklmnop'])).toEqual([]);
  expect(commonPrefixes([])).toEqual([]);
});
