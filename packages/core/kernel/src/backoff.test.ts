import { expect, test } from 'vitest';
import { backoffMs, jittered } from './backoff.ts';

test('each retry doubles the wait up to the maximum, whatever number there are', () => {
  expect([0, 1, 2, 3, 5_000].map((retries) => backoffMs(100, 500, retries))).toEqual([100, 200, 400, 500, 500]);
});

test('a jittered wait has at least half of its time', () => {
  expect([0, 0.5].map((next) => jittered(100, { next: () => next }))).toEqual([50, 75]);
});
