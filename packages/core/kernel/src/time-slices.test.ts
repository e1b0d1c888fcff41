import { expect, test } from 'vitest';
import { TimeSlices } from './time-slices.ts';

const { signal } = new AbortController();

/** A clock that stands still until it is moved, and whose timers fire when they are run. */
function manualClock() {
  const timers: (() => void)[] = [];
  const clock = {
    nowMs: 0,
    monotonic: () => clock.nowMs,
    after: (_: number, callback: () => void) => {
      timers.push(callback);
      return () => undefined;
    },
    runTimers: () => {
      for (const callback of timers.splice(0)) callback();
    },
  };
  return clock;
}

test('a slice is over after its time, and the next one starts when other work has run', async () => {
  const clock = manualClock();
  const slices = new TimeSlices(clock, { signal }, 5);
  clock.nowMs = 4;
  expect(slices.isOver).toBe(false);
  clock.nowMs = 5;
  expect(slices.isOver).toBe(true);
  const done: string[] = [];
  const next = slices.next().then(() => done.push('next slice'));
  clock.after(0, () => done.push('other work'));
  await Promise.resolve();
  expect(done).toEqual([]);
  clock.nowMs = 100;
  clock.runTimers();
  await next;
  expect(done).toEqual(['other work', 'next slice']);
  expect(slices.isOver).toBe(false);
});

test('after a long pause the next slice is longer, up to a limit', async () => {
  const clock = manualClock();
  const slices = new TimeSlices(clock, { signal }, 2);
  const lengthAfterPause = async (pauseMs: number) => {
    const next = slices.next();
    clock.nowMs += pauseMs;
    clock.runTimers();
    await next;
    const startedMs = clock.nowMs;
    while (!slices.isOver) clock.nowMs += 1;
    return clock.nowMs - startedMs;
  };
  expect(await lengthAfterPause(1)).toBe(2);
  expect(await lengthAfterPause(100)).toBe(25);
  expect(await lengthAfterPause(10_000)).toBe(40);
  expect(await lengthAfterPause(1)).toBe(2);
});

test('without time each step is a slice', () => {
  expect(new TimeSlices(manualClock(), { signal }, 0).isOver).toBe(true);
});

test('an aborted computation does not go on', async () => {
  const clock = manualClock();
  const abort = new AbortController();
  const next = new TimeSlices(clock, { signal: abort.signal }).next();
  abort.abort(new Error('the pass takes too long'));
  clock.runTimers();
  await expect(next).rejects.toThrow('the pass takes too long');
});
