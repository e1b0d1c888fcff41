import { expect, test } from 'vitest';
import { DeadlineExceeded, withDeadline } from './deadline.ts';
import type { Clock } from './platform-ports.ts';

function setUp() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_delayMs, callback) => {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  };
  const ring = () => {
    for (const callback of [...timers]) callback();
  };
  return { clock, timers, ring };
}

test('ends work that ignores its signal', async () => {
  const { clock, ring } = setUp();
  let seen: AbortSignal | undefined;
  const result = withDeadline(clock, 100, undefined, (signal) => {
    seen = signal;
    return new Promise(() => undefined);
  });
  await Promise.resolve();
  ring();
  await expect(result).rejects.toThrow(DeadlineExceeded);
  expect(seen?.aborted).toBe(true);
});

test('passes an abort on, also one that came before', async () => {
  const { clock } = setUp();
  const reason = new Error('stopped');
  const early = AbortSignal.abort(reason);
  await expect(withDeadline(clock, 100, early, async () => 1)).rejects.toBe(reason);
  const controller = new AbortController();
  const result = withDeadline(clock, 100, controller.signal, () => new Promise(() => undefined));
  controller.abort(reason);
  await expect(result).rejects.toBe(reason);
});

test('leaves no timer behind, however the work ends', async () => {
  const { clock, timers } = setUp();
  await withDeadline(clock, 100, undefined, async () => 'done');
  await withDeadline(clock, 100, undefined, () => {
    throw new Error('at once');
  }).catch(() => undefined);
  await Promise.resolve();
  expect(timers.size).toBe(0);
});
