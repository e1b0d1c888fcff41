import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('waits longer after each failure, at most half a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50].map((failures) => backoffMs(failures, 0))).toEqual([
    1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000,
  ]);
});

test('waits up to a quarter less, so that pages do not come back all at once', () => {
  expect(backoffMs(3, 1)).toBe(3_000);
});
