import { expect, test } from 'vitest';
import { LogHistogram } from './log-histogram.ts';

test('tells quantiles to within 5 %, from microseconds to minutes', () => {
  for (const scaleMs of [0.05, 1, 37, 5_000, 60_000]) {
    const histogram = new LogHistogram();
    for (let step = 1; step <= 1000; step++) histogram.record((scaleMs * step) / 1000);
    for (const share of [0.5, 0.9, 0.99, 1]) {
      expect(Math.abs((histogram.quantileMs(share) ?? 0) / (scaleMs * share) - 1)).toBeLessThan(
        scaleMs * share < 0.05 ? 0.2 : 0.05,
      );
    }
  }
});

test('has no quantile if nothing was recorded', () => {
  const histogram = new LogHistogram();
  expect(histogram.quantileMs(0.5)).toBeNull();
  histogram.record(3);
  histogram.clear();
  expect([histogram.count, histogram.quantileMs(0.5)]).toEqual([0, null]);
});

test('takes what is out of its range for the least and the most that it knows', () => {
  const histogram = new LogHistogram();
  for (const durationMs of [0, -1, 1e-9]) histogram.record(durationMs);
  expect(histogram.quantileMs(1)).toBeLessThan(0.011);
  histogram.record(1e9);
  expect(histogram.quantileMs(1)).toBeGreaterThan(100_000);
  expect(histogram.count).toBe(4);
});

test('adds up with another one', () => {
  const [one, other] = [new LogHistogram(), new LogHistogram()];
  for (let turn = 0; turn < 99; turn++) one.record(1);
  other.record(100);
  one.add(other);
  expect(one.count).toBe(100);
  expect(one.quantileMs(0.99)).toBeLessThan(1.1);
  expect(one.quantileMs(1)).toBeGreaterThan(95);
});
