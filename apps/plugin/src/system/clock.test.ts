import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  // First: a spy replaces a false timer, and puts that back.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a delay of months is not over at once', () => {
  const callback = vi.fn();
  systemClock.after(60 * DAY_MS, callback);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledOnce();
});

test('it can be cancelled at any time', () => {
  const callback = vi.fn();
  const cancel = systemClock.after(60 * DAY_MS, callback);
  vi.advanceTimersByTime(40 * DAY_MS);
  cancel();
  vi.advanceTimersByTime(40 * DAY_MS);
  expect(callback).not.toHaveBeenCalled();
});

test('a time that has passed is due at once, and Node warns of no negative delay', () => {
  const setTimeout = vi.spyOn(globalThis, 'setTimeout');
  const callback = vi.fn();
  systemClock.after(-0.2, callback);
  expect(setTimeout).toHaveBeenCalledWith(callback, 0);
  vi.advanceTimersByTime(0);
  expect(callback).toHaveBeenCalledOnce();
});
