import { expect, it } from 'vitest';
import { RenewalSchedule } from './renewal-schedule.ts';

it('renews at 60 to 70 % of the time that the last renewal gave', () => {
  for (const [jitter, dueAtMs] of [
    [0, 60_000],
    [1, 70_000],
  ] as const) {
    const schedule = new RenewalSchedule(() => jitter);
    schedule.renewed('a', 100_000, 0);
    expect(schedule.due(dueAtMs - 1)).toEqual([]);
    expect(schedule.due(dueAtMs)).toEqual(['a']);
    expect(schedule.endsAtMs('a')).toBe(100_000);
  }
});

it('renews what it took over within a tenth of its time, since it does not know when it was renewed', () => {
  const schedule = new RenewalSchedule(() => 0.999);
  schedule.keep(new Map([['a', 100_000]]), 5_000);
  expect(schedule.nextAtMs).toBeLessThanOrEqual(15_000);
  expect(schedule.endsAtMs('a')).toBeNull();
  schedule.keep(new Map(), 6_000);
  expect(schedule.nextAtMs).toBe(Number.POSITIVE_INFINITY);
});

it('tries a failed renewal again at least four times before the end', () => {
  const schedule = new RenewalSchedule(() => 1);
  schedule.renewed('a', 3_600_000, 0);
  let attempts = 0;
  for (;;) {
    const nowMs = schedule.nextAtMs;
    if (nowMs >= 3_600_000) break;
    schedule.failed('a', nowMs);
    attempts += 1;
  }
  expect(attempts).toBeGreaterThanOrEqual(4);
  expect(schedule.failuresOf('a')).toBe(attempts);
});

it('tries again what should have ended within a tenth of its time, since another process may have renewed it', () => {
  const schedule = new RenewalSchedule(() => 1);
  schedule.renewed('a', 300_000, 0);
  let nowMs = 300_000;
  while (nowMs < 600_000) {
    schedule.failed('a', nowMs);
    expect(schedule.nextAtMs - nowMs).toBeLessThanOrEqual(30_000);
    nowMs = schedule.nextAtMs;
  }
});

it('rarely tries again what has ended, and never what does not exist any more', () => {
  const schedule = new RenewalSchedule(() => 1);
  schedule.renewed('a', 3_600_000, 0);
  for (let nowMs = 3_600_000; nowMs < 4_200_000; nowMs = schedule.nextAtMs) schedule.failed('a', nowMs);
  expect(schedule.failuresOf('a')).toBeLessThan(12);
  schedule.gone('a');
  schedule.keep(new Map([['a', 3_600_000]]), 4_200_000);
  expect(schedule.nextAtMs).toBe(Number.POSITIVE_INFINITY);
});
