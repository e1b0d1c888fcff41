import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { RevisionMemory } from './revision-memory.ts';

const revision = (name: string, bytes = 10) => ({ value: new SecretValue(new Uint8Array(bytes)), revision: name });

test('holds the current revision of a ref and the one before it', () => {
  const memory = new RevisionMemory({ maxRevisions: 10, maxBytes: 1_000 });
  for (const [index, name] of ['r1', 'r2', 'r3'].entries()) memory.store('a', revision(name), index);
  expect(memory.current('a')?.revision.revision).toBe('r3');
  expect(memory.size).toEqual({ revisions: 2, bytes: 20 });
});

test.each([
  ['number', { maxRevisions: 2, maxBytes: 1_000 }],
  ['bytes', { maxRevisions: 100, maxBytes: 25 }],
])('forgets the refs that were not used for the longest time when the %s is reached', (_limit, limits) => {
  const evicted: number[] = [];
  const memory = new RevisionMemory(limits, (revisions) => evicted.push(revisions));
  memory.store('a', revision('r1'), 0);
  memory.store('b', revision('r1'), 0);
  memory.current('a');
  memory.store('c', revision('r1'), 0);
  expect(['a', 'b', 'c'].map((key) => memory.current(key) !== undefined)).toEqual([true, false, true]);
  expect(evicted).toEqual([1]);
});

test('keeps a value that is alone larger than the limit, since it was just asked for', () => {
  const memory = new RevisionMemory({ maxRevisions: 10, maxBytes: 25 });
  memory.store('a', revision('r1'), 0);
  memory.store('big', revision('r1', 100), 0);
  expect(memory.current('big')).toBeDefined();
  expect(memory.size.bytes).toBe(100);
});

test('counts the same revision once, however often it is read', () => {
  const memory = new RevisionMemory({ maxRevisions: 10, maxBytes: 1_000 });
  memory.store('a', revision('r1'), 0);
  memory.store('a', revision('r1'), 1);
  expect(memory.size).toEqual({ revisions: 1, bytes: 10 });
});

test('is confirmed only for the revision that is current', () => {
  const memory = new RevisionMemory({ maxRevisions: 10, maxBytes: 1_000 });
  memory.store('a', revision('r2'), 5);
  memory.confirm('a', 'r1', 50);
  expect(memory.current('a')?.confirmedAtMs).toBe(5);
  memory.confirm('a', 'r2', 50);
  expect(memory.current('a')?.confirmedAtMs).toBe(50);
});
