import { expect, it } from 'vitest';
import { median, percentile } from './percentiles.ts';

it('returns a percentile of values in any order', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0.01, 0.5, 0.99, 1].map((p) => percentile(values, p))).toEqual([1, 50, 99, 100]);
  expect(percentile([7], 0.5)).toBe(7);
});

it('returns the middle of an odd number of values, and the mean of the middle two of an even number', () => {
  expect(median([30, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 30])).toBe(3);
});

it('throws without values', () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
  expect(() => median([])).toThrow(RangeError);
});
