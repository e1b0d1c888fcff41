import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { Ticker } from './ticker.ts';

function setUp(run: () => Promise<void> = async () => undefined, random = 0) {
  const clock = new SimulatedClock();
  const startedAtMs: number[] = [];
  const startMs = clock.monotonic();
  const loop = new Ticker(clock, { next: () => random }, async () => {
    startedAtMs.push(clock.monotonic() - startMs);
    await run();
    return 1_000;
  });
  return { clock, loop, startedAtMs };
}

test('runs each interval from the first wake on', async () => {
  const { clock, loop, startedAtMs } = setUp();
  await clock.advance(5_000);
  expect(startedAtMs).toEqual([]);
  loop.wake();
  await clock.advance(2_100);
  expect(startedAtMs).toEqual([5_000, 6_000, 7_000]);
});

test('comes up to a tenth of the interval earlier, so that not all ask at once', async () => {
  const { clock, loop, startedAtMs } = setUp(undefined, 1);
  loop.wake();
  await clock.advance(2_000);
  expect(startedAtMs).toEqual([0, 900, 1_800]);
});

test('the first wake runs at once, and a burst of later ones is one run', async () => {
  const { clock, loop, startedAtMs } = setUp();
  for (let wake = 0; wake < 100; wake++) loop.wake();
  await clock.advance(200);
  for (let wake = 0; wake < 100; wake++) loop.wake();
  await clock.advance(200);
  expect(startedAtMs).toEqual([0, 250]);
});

test('continuous wakes do not delay the runs', async () => {
  const { clock, loop, startedAtMs } = setUp();
  for (let wake = 0; wake < 20; wake++) {
    loop.wake();
    await clock.advance(10);
  }
  expect(startedAtMs).toEqual([0, 60, 110, 160]);
});

test('a wake during a run gives one more run right after it, and never two at once', async () => {
  const slow = Promise.withResolvers<void>();
  const { clock, loop, startedAtMs } = setUp(() => slow.promise);
  loop.wake();
  await clock.advance(100);
  loop.wake();
  loop.wake();
  await clock.advance(5_000);
  expect(startedAtMs).toEqual([0]);
  slow.resolve();
  await clock.advance(60);
  expect(startedAtMs).toEqual([0, 5_150]);
});

test('stops when the run in progress has ended, and runs no more', async () => {
  const slow = Promise.withResolvers<void>();
  const { clock, loop, startedAtMs } = setUp(() => slow.promise);
  loop.wake();
  await clock.advance(100);
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await clock.advance(0);
  expect(stopped).toBe(false);
  slow.resolve();
  await stopping;
  loop.wake();
  await clock.advance(10_000);
  expect(startedAtMs).toEqual([0]);
});
