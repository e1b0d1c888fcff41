import { expect, test } from 'vitest';
import type { Clock } from './platform-ports.ts';
import { TransientRetries } from './transient-retries.ts';

/** Retries with a clock whose timers end at once and record their length. */
function setUp(jitter = 0.5) {
  const pausesMs: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, callback) => {
      pausesMs.push(delayMs);
      nowMs += delayMs;
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  const retries = new TransientRetries(clock, { next: () => jitter });
  let attempts = 0;
  const { signal } = new AbortController();
  /** A call that fails this many times, each time after `failsMs`, and then succeeds. */
  const call = (failures: number, { mayRepeat = true, failsMs = 0 } = {}) => {
    let left = failures;
    return retries.run(signal, async ({ failed }) => {
      attempts++;
      if (left-- <= 0) return 'answered';
      nowMs += failsMs;
      failed(mayRepeat);
      throw new Error('failed');
    });
  };
  const outcomeOf = (promise: Promise<string>) => promise.catch(() => 'failed');
  return { call, outcomeOf, pausesMs, attempts: () => attempts };
}

test('a call that fails in passing is repeated, twice at most', async () => {
  for (const [failures, outcome, cost] of [
    [0, 'answered', 1],
    [1, 'answered', 2],
    [2, 'answered', 3],
    [3, 'failed', 3],
  ] as const) {
    const { call, outcomeOf, attempts } = setUp();
    expect(await outcomeOf(call(failures))).toBe(outcome);
    expect(attempts()).toBe(cost);
  }
});

test.each([
  [0, [75, 225]],
  [0.5, [112.5, 337.5]],
  [1, [150, 450]],
])('with jitter %s it waits %j ms', async (jitter, expected) => {
  const { call, pausesMs } = setUp(jitter);
  await call(2);
  expect(pausesMs).toEqual(expected);
});

test('what would be done twice is not repeated', async () => {
  const { call, outcomeOf, attempts } = setUp();
  expect(await outcomeOf(call(1, { mayRepeat: false }))).toBe('failed');
  expect(attempts()).toBe(1);
});

test('no retry starts later than two seconds after its call', async () => {
  const { call, outcomeOf, attempts } = setUp();
  expect(await outcomeOf(call(1, { failsMs: 1_950 }))).toBe('failed');
  expect(attempts()).toBe(1);
});

test('a provider in trouble is asked once for each call, until it has answered again', async () => {
  const { call, outcomeOf, attempts } = setUp();
  await outcomeOf(call(9));
  expect(attempts()).toBe(3);
  for (let turn = 0; turn < 10; turn++) expect(await outcomeOf(call(1))).toBe('failed');
  expect(attempts()).toBe(13);
  expect(await call(0)).toBe('answered');
  expect(await call(1)).toBe('answered');
});

test('a provider that stops to answer gets no more than 16 requests for retries, whatever number of calls are on their way', async () => {
  const { call, outcomeOf, attempts } = setUp();
  const outcomes = await Promise.all(Array.from({ length: 500 }, () => outcomeOf(call(9))));
  expect(new Set(outcomes)).toEqual(new Set(['failed']));
  expect(attempts()).toBe(516);
});

test('a call that is cut off ends at once, and says nothing of the provider', async () => {
  const controller = new AbortController();
  const clock: Clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };
  const retries = new TransientRetries(clock, { next: () => 0.5 });
  let attempts = 0;
  const cut = retries.run(controller.signal, async ({ failed }) => {
    attempts++;
    failed(true);
    throw new Error('failed');
  });
  await Promise.resolve();
  controller.abort(new Error('the reason'));
  await expect(cut).rejects.toThrow('the reason');
  expect(attempts).toBe(1);
  const next = retries.run(new AbortController().signal, async ({ failed }) => failed(true));
  await expect(Promise.race([next, Promise.resolve('waits')])).resolves.toBe('waits');
});
