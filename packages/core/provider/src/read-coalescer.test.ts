import type { Clock } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { ReadCoalescer } from './read-coalescer.ts';

function setUp() {
  const timers = new Map<() => void, number>();
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, callback) => {
      timers.set(callback, nowMs + delayMs);
      return () => timers.delete(callback);
    },
  };
  const reads = new ReadCoalescer<string>(clock, (found) => found.includes(','));
  const { signal } = new AbortController();
  const started: PromiseWithResolvers<string>[] = [];
  const read = (notBeforeMs?: number, aborted = signal) =>
    reads.read(
      { key: 'app/db', displayName: 'vault app/db' },
      { signal: aborted, ...(notBeforeMs === undefined ? {} : { notBeforeMs }) },
      () => {
        const work = Promise.withResolvers<string>();
        started.push(work);
        return work.promise;
      },
    );
  const advance = (durationMs: number) => {
    nowMs += durationMs;
    for (const [callback, atMs] of [...timers]) {
      if (atMs > nowMs) continue;
      timers.delete(callback);
      callback();
    }
  };
  return { reads, started, read, advance, timers };
}

test('a read in flight is shared with callers that need nothing newer', async () => {
  const { started, read, advance } = setUp();
  const all = [read(), read(), read(0)];
  advance(5);
  all.push(read(), read(0));
  started[0]?.resolve('one');
  expect(await Promise.all(all)).toEqual(Array(5).fill({ found: 'one', readAtMs: 0 }));
  expect(started.length).toBe(1);
});

test('an earlier read is not shared with callers that need a newer one, and does not replace the newer result', async () => {
  const { started, read, advance } = setUp();
  const early = read();
  advance(5);
  const late = read(5);
  started[1]?.resolve('new,er');
  expect(await late).toEqual({ found: 'new,er', readAtMs: 5 });
  started[0]?.resolve('old,er');
  expect(await early).toEqual({ found: 'old,er', readAtMs: 0 });
  expect(await read(5)).toEqual({ found: 'new,er', readAtMs: 5 });
  expect(started.length).toBe(2);
});

test('what was found serves the other fields for two seconds, if there are any', async () => {
  const { started, read, advance, timers } = setUp();
  const first = read(0);
  started[0]?.resolve('two,fields');
  await first;
  advance(1_999);
  expect(await read(0)).toEqual({ found: 'two,fields', readAtMs: 0 });
  advance(1);
  expect(timers.size).toBe(0);
  const second = read(0);
  started[1]?.resolve('one');
  await second;
  const third = read(0);
  started[2]?.resolve('one');
  await third;
  expect(started.length).toBe(3);
});

test('a caller without a limit of age gets a new read', async () => {
  const { started, read } = setUp();
  const first = read();
  started[0]?.resolve('two,fields');
  await first;
  const second = read();
  started[1]?.resolve('other,fields');
  expect((await second).found).toBe('other,fields');
});

test('a read that failed is none', async () => {
  const { started, read } = setUp();
  const first = read(0);
  started[0]?.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  const second = read(0);
  started[1]?.resolve('yes');
  expect((await second).found).toBe('yes');
});

test('nothing is kept and no timer runs after the end', async () => {
  const { reads, started, read, timers } = setUp();
  const first = read(0);
  started[0]?.resolve('two,fields');
  await first;
  reads.close();
  expect(timers.size).toBe(0);
  void read(0);
  expect(started.length).toBe(2);
});
