import { expect, test } from 'vitest';
import { RecentDurations } from './recent-durations.ts';
import { ManualClock } from './testing/manual-clock.ts';

const MINUTE_MS = 60_000;

test('what is older than five minutes does not count any more, what is younger than four does', () => {
  const clock = new ManualClock();
  const recent = new RecentDurations(clock);
  recent.record(1000);
  clock.advance(3.9 * MINUTE_MS);
  expect(recent.percentiles().p50Ms).toBeGreaterThan(900);
  recent.record(1);
  expect(recent.percentiles().p99Ms).toBeGreaterThan(900);
  clock.advance(1.2 * MINUTE_MS);
  expect(recent.percentiles().p99Ms).toBeLessThan(2);
  clock.advance(60 * MINUTE_MS);
  expect(recent.percentiles()).toEqual({ p50Ms: null, p99Ms: null });
});

test('to record a hundred thousand durations takes well below a second', () => {
  const recent = new RecentDurations(new ManualClock());
  const before = process.threadCpuUsage();
  for (let turn = 0; turn < 100_000; turn++) recent.record(turn / 1000);
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(500);
});
