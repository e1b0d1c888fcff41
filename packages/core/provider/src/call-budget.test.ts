import type { Clock } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { CallBudget } from './call-budget.ts';

const HOUR_MS = 3_600_000;

/** Passes of probes that come every `intervalMs`, as far as the budget allows; how many there were in `hours`. */
function passesIn(
  hours: number,
  perHour: number | undefined,
  { callsAPass = 1, intervalMs = 10_000, readsAnHour = 0 } = {},
) {
  let nowMs = 0;
  const clock: Clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined };
  const budget = new CallBudget(perHour, clock);
  let passes = 0;
  let reads = 0;
  for (; nowMs < hours * HOUR_MS; nowMs += intervalMs) {
    for (; reads < (readsAnHour * nowMs) / HOUR_MS; reads++) budget.count();
    if (budget.isUsedUp) continue;
    passes += 1;
    for (let call = 0; call < callsAPass; call++) budget.count();
  }
  return passes;
}

test('without a budget every pass goes', () => {
  expect(passesIn(1, undefined)).toBe(360);
});

test('a budget that is large enough holds nothing up', () => {
  expect(passesIn(1, 400)).toBe(360);
});

test.for([
  [100, 1],
  [100, 5],
  [10, 1],
  [3, 1],
] as const)('%d calls an hour are not exceeded by passes of %d, and are nearly used', ([perHour, callsAPass]) => {
  const calls = passesIn(10, perHour, { callsAPass }) * callsAPass;
  expect(calls).toBeLessThanOrEqual(10 * perHour);
  expect(calls).toBeGreaterThan(10 * perHour * 0.8);
});

test('what tasks ask for is counted, so that passes become rarer', () => {
  expect(passesIn(10, 100, { readsAnHour: 50 })).toBeLessThanOrEqual(500);
});

test('however much tasks ask for, there is a pass every hour or two', () => {
  expect(passesIn(100, 10, { readsAnHour: 9 })).toBeGreaterThan(45);
});

test('a pause that the provider asks for ends by itself, after five minutes at the latest', () => {
  let nowMs = 0;
  const budget = new CallBudget(undefined, { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined });
  const usedUpAt = (atMs: number) => {
    nowMs = atMs;
    return budget.isUsedUp;
  };
  budget.pause(10_000);
  budget.pause(2_000);
  expect([9_999, 10_000].map(usedUpAt)).toEqual([true, false]);
  budget.pause(HOUR_MS);
  expect([309_999, 310_000].map(usedUpAt)).toEqual([true, false]);
});
