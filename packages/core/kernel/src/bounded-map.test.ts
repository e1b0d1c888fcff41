import { expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

test('keeps what was set last, in number', () => {
  const map = new BoundedMap<number>({ maxEntries: 3 });
  for (const [index, key] of ['a', 'b', 'c', 'a', 'd'].entries()) map.set(key, index);
  expect([...map.values()]).toEqual([2, 3, 4]);
  expect(map.get('a')).toBe(3);
  expect(map.has('b')).toBe(false);
});

test('keeps what was set last, in the length of the keys', () => {
  const map = new BoundedMap<number>({ maxEntries: 1_000, maxKeyLength: 1_000 });
  for (let index = 0; index < 100; index++) map.set(`${index}`.padEnd(100, 'x'), index);
  expect([...map.values()]).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  map.set('y'.repeat(2_000), 0);
  expect(map.size).toBe(0);
});

test('an entry that is deleted or set again makes room', () => {
  const map = new BoundedMap<number>({ maxEntries: 10, maxKeyLength: 10 });
  map.set('12345', 1);
  map.set('12345', 2);
  map.delete('12345');
  map.delete('12345');
  map.set('123456', 3);
  map.set('1234', 4);
  expect([...map.values()]).toEqual([3, 4]);
  map.clear();
  expect(map.size).toBe(0);
});
