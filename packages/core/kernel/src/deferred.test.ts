import { expect, test } from 'vitest';
import { Deferred } from './deferred.ts';
import type { Clock } from './platform-ports.ts';

function setUp() {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (delayMs, callback) => {
      timers.set(callback, delayMs);
      return () => timers.delete(callback);
    },
  };
  return { clock, timers, deferred: new Deferred<string>() };
}

test('a caller that waits gets it when it is made, and leaves no timer', async () => {
  const { clock, timers, deferred } = setUp();
  const waiting = deferred.within(clock, 1_000);
  expect(deferred.value).toBeNull();
  deferred.provide('x');
  deferred.provide('y');
  expect(await waiting).toBe('x');
  expect(await deferred.within(clock, 0)).toBe('x');
  expect([deferred.value, timers.size]).toEqual(['x', 0]);
});

test('waiting ends without it after the given time', async () => {
  const { clock, timers, deferred } = setUp();
  const waiting = deferred.within(clock, -5);
  expect([...timers.values()]).toEqual([0]);
  for (const ring of timers.keys()) ring();
  expect(await waiting).toBeNull();
});
