import { expect, test } from 'vitest';
import { PollQuota } from './quota.ts';

const MINUTE_MS = 60_000;

function quotaAt() {
  let nowMs = 0;
  const quota = new PollQuota({ now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined });
  return { quota, advance: (ms: number) => (nowMs += ms) };
}

test('polls of any number of secrets make fewer than 600 calls in each minute', () => {
  const { quota, advance } = quotaAt();
  const taken: number[] = [];
  for (let second = 0; second < 600; second += 10) {
    taken.push(quota.take(1_000));
    advance(10_000);
  }
  for (let start = 0; start + 6 <= taken.length; start++) {
    const minute = taken.slice(start, start + 6).reduce((sum, calls) => sum + calls, 0);
    expect(minute).toBeLessThanOrEqual(450);
    expect(minute).toBeGreaterThanOrEqual(300);
  }
});

test('fifty secrets are asked for every ten seconds', () => {
  const { quota, advance } = quotaAt();
  for (let pass = 0; pass < 100; pass++) {
    expect(quota.take(50)).toBe(50);
    advance(10_000);
  }
});

test('calls that reads need are counted, and do not stop probes for longer than a minute', () => {
  const { quota, advance } = quotaAt();
  for (let read = 0; read < 10_000; read++) quota.count();
  expect(quota.take(1)).toBe(0);
  advance(MINUTE_MS);
  expect(quota.take(1_000)).toBe(150);
});
