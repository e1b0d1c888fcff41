import { expect, test } from 'vitest';
import { NewestRevisions, REPLICA_LAG_MS } from './newest-revisions.ts';

/** Revisions are numbers here. A revision that is not a number can't be compared. */
const order = {
  compare: (a: string, b: string) => (Number.isNaN(Number(a) - Number(b)) ? undefined : Number(a) - Number(b)),
};

function setUp() {
  const time = { nowMs: 0 };
  const newest = new NewestRevisions({ monotonic: () => time.nowMs });
  const read = (revision: string, startedAtMs = time.nowMs) => newest.read('db', revision, order, startedAtMs);
  const seen = (revision: string) => newest.seen('db', revision, order);
  const pass = (durationMs: number) => {
    time.nowMs += durationMs;
  };
  return { newest, read, seen, pass, known: () => newest.get('db') };
}

test('a read of the newest revision or of a newer one counts, one of an older revision does not', () => {
  const { read, known } = setUp();
  expect([read('2'), read('1'), read('2'), read('3'), read('1')]).toEqual([true, false, true, true, false]);
  expect(known()).toBe('3');
});

test('a read that is older than what a probe or another manager saw does not count', () => {
  const { newest, read, seen, known } = setUp();
  seen('2');
  expect(read('1')).toBe(false);
  seen('1');
  expect(known()).toBe('2');
  expect(newest.isUnread('db')).toBe(true);
  expect(read('2')).toBe(true);
  expect(newest.isUnread('db')).toBe(false);
});

test('answers that alternate never make an older revision the newest', () => {
  const { read, pass, known } = setUp();
  read('2');
  for (let round = 0; round < 100; round++) {
    pass(REPLICA_LAG_MS / 4);
    expect(read('1')).toBe(false);
    pass(REPLICA_LAG_MS / 4);
    expect(read('2')).toBe(true);
  }
  expect(known()).toBe('2');
});

test('an older revision is the newest again once reads gave nothing else for as long as a replica may lag', () => {
  const { read, pass, known } = setUp();
  read('5');
  expect(read('3')).toBe(false);
  pass(REPLICA_LAG_MS - 1);
  expect(read('3')).toBe(false);
  pass(1);
  expect(read('3')).toBe(true);
  expect(known()).toBe('3');
  expect(read('5')).toBe(true);
});

test('it stays a stale answer for as long as a probe tells of the newer one', () => {
  const { read, seen, pass } = setUp();
  read('2');
  for (let round = 0; round < 10; round++) {
    expect(read('1')).toBe(false);
    pass(REPLICA_LAG_MS / 2);
    seen('2');
  }
});

test('if revisions can not be compared, one that was replaced counts as older for as long as a replica may lag', () => {
  const { read, pass } = setUp();
  expect([read('a'), read('b'), read('a'), read('b')]).toEqual([true, true, false, true]);
  pass(REPLICA_LAG_MS);
  expect(read('a')).toBe(true);
});

test('if revisions can not be compared, one that was never read holds up none that is', () => {
  const { read, seen } = setUp();
  seen('of the ledger');
  expect([read('a'), read('of the ledger')]).toEqual([true, true]);
});

test('a read that started before the latest one is older if nothing else tells, and only there', () => {
  const { read } = setUp();
  expect([read('b', 10), read('a', 5)]).toEqual([true, false]);
  const ordered = setUp();
  expect([ordered.read('1', 10), ordered.read('2', 5)]).toEqual([true, true]);
});

test('without an order the latest read counts, and nothing else does', () => {
  const { newest } = setUp();
  newest.seen('file', 'x', null);
  expect(newest.get('file')).toBeUndefined();
  expect(['b', 'a', 'b'].map((revision, index) => newest.read('file', revision, null, index))).toEqual([
    true,
    true,
    true,
  ]);
  expect(newest.read('file', 'a', null, 1)).toBe(false);
  expect(newest.get('file')).toBe('b');
});

test('no more refs are remembered than may be in use', () => {
  const { newest } = setUp();
  for (let index = 0; index <= 40_000; index++) newest.seen(`ref ${index}`, '1', order);
  expect(newest.get('ref 0')).toBeUndefined();
  expect(newest.get('ref 1')).toBe('1');
});
