import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { type CacheLimits, RevisionCache } from './revision-cache.ts';

type Read = ReturnType<typeof revision>;

const revision = (name: string, bytes = 10) => ({ value: new SecretValue(new Uint8Array(bytes)), revision: name });

/** A cache, and the calls of its callbacks. */
function remember(limits: CacheLimits) {
  const dropped: SecretValue[] = [];
  const evicted: number[] = [];
  const cache = new RevisionCache(
    limits,
    (value) => dropped.push(value),
    (revisions) => evicted.push(revisions),
  );
  return { memory: cache, dropped, evicted };
}

test('holds the current revision of a ref and the one before it', () => {
  const { memory: cache } = remember({ maxRevisions: 10, maxBytes: 1_000 });
  for (const [index, name] of ['r1', 'r2', 'r3'].entries()) cache.store('a', revision(name), index);
  expect(cache.current('a')?.revision.revision).toBe('r3');
  expect(cache.size).toEqual({ revisions: 2, bytes: 20 });
});

test.each([
  ['number', { maxRevisions: 2, maxBytes: 1_000 }],
  ['bytes', { maxRevisions: 100, maxBytes: 25 }],
])('forgets the refs that were not used for the longest time when the %s is reached', (_limit, limits) => {
  const { memory: cache, evicted } = remember(limits);
  cache.store('a', revision('r1'), 0);
  cache.store('b', revision('r1'), 0);
  cache.current('a');
  cache.store('c', revision('r1'), 0);
  expect(['a', 'b', 'c'].map((key) => cache.current(key) !== undefined)).toEqual([true, false, true]);
  expect(evicted).toEqual([1]);
});

test('keeps a value that is alone larger than the limit, since it was just asked for', () => {
  const { memory: cache } = remember({ maxRevisions: 10, maxBytes: 25 });
  cache.store('a', revision('r1'), 0);
  cache.store('big', revision('r1', 100), 0);
  expect(cache.current('big')).toBeDefined();
  expect(cache.size.bytes).toBe(100);
});

test('counts the same revision once, however often it is read', () => {
  const { memory: cache } = remember({ maxRevisions: 10, maxBytes: 1_000 });
  cache.store('a', revision('r1'), 0);
  cache.store('a', revision('r1'), 1);
  expect(cache.size).toEqual({ revisions: 1, bytes: 10 });
});

test('is confirmed only for the revision that is current', () => {
  const { memory: cache } = remember({ maxRevisions: 10, maxBytes: 1_000 });
  cache.store('a', revision('r2'), 5);
  cache.revalidate('a', 'r1', 50);
  expect(cache.current('a')?.confirmedAtMs).toBe(5);
  cache.revalidate('a', 'r2', 50);
  expect(cache.current('a')?.confirmedAtMs).toBe(50);
});

test('lets go of each value that it does not hold any more, and of those that it never held, once', () => {
  const { memory: cache, dropped } = remember({ maxRevisions: 10, maxBytes: 1_000 });
  const given = ['r1', 'r2', 'r3', 'r3', 'r0', 'r3', 'r9'].map((name) => revision(name));
  const [first, second, third, again, old, known, late] = given as [Read, Read, Read, Read, Read, Read, Read];
  for (const [atMs, read] of [first, second, third, again].entries()) cache.store('a', read, atMs);
  expect(dropped).toEqual([first.value, third.value]);
  cache.store('a', late, 0);
  cache.add('a', known);
  cache.add('a', old);
  expect(dropped.slice(2)).toEqual([late.value, known.value, old.value]);
  cache.forget('a');
  expect(new Set(dropped)).toEqual(new Set(given.map(({ value }) => value)));
  expect(dropped).toHaveLength(given.length);
  cache.store('b', revision('r1'), 0);
  cache.clear();
  expect(dropped).toHaveLength(given.length + 1);
  expect(cache.size).toEqual({ revisions: 0, bytes: 0 });
});
