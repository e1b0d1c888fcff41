import { expect, test } from 'vitest';
import { RereadSchedule } from './reread-schedule.ts';

const MINUTE_MS = 60_000;

/** How many keys were due in each hour of polls every 10 s. */
function dueByHour(keys: readonly string[], hours: number): readonly number[] {
  let nowMs = 0;
  const schedule = new RereadSchedule({ now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined });
  const total = () => keys.reduce((sum, key) => sum + schedule.turnsOf(key), 0);
  return Array.from({ length: hours }, (_, hour) => {
    const before = total();
    for (; nowMs < (hour + 1) * 60 * MINUTE_MS; nowMs += 10_000) schedule.advance(keys);
    return total() - before;
  });
}

test('each key is due about once an hour', () => {
  for (const due of dueByHour(
    Array.from({ length: 100 }, (_, index) => `${index}`),
    5,
  )) {
    expect(due).toBeGreaterThanOrEqual(99);
    expect(due).toBeLessThanOrEqual(106);
  }
});

test('at no moment many keys are due together, and a new key is not due at once', () => {
  let nowMs = 0;
  const schedule = new RereadSchedule({ now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined });
  const keys = Array.from({ length: 58 }, (_, index) => `${index}`);
  schedule.advance(keys);
  expect(keys.map((key) => schedule.turnsOf(key))).toEqual(keys.map(() => 0));
  nowMs = 10 * MINUTE_MS;
  schedule.advance(keys);
  expect(keys.filter((key) => schedule.turnsOf(key) === 1)).toHaveLength(10);
});

test('a key that is not in use is forgotten', () => {
  let nowMs = 0;
  const schedule = new RereadSchedule({ now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined });
  schedule.advance(['a', 'b']);
  nowMs = 60 * MINUTE_MS;
  schedule.advance(['a', 'b']);
  expect(schedule.turnsOf('b')).toBe(1);
  schedule.advance(['a']);
  expect(schedule.turnsOf('b')).toBe(0);
});
