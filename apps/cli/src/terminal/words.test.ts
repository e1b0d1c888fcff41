import { expect, test } from 'vitest';
import { ago, count, names, size, span } from './words.ts';

test.each([
  [0, '0 ms'],
  [850, '850 ms'],
  [12_300, '12 s'],
  [185_000, '3 min 5 s'],
  [7_200_000, '2 h'],
  [357_000_000, '4 d 3 h'],
])('%i ms is %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test('says how long ago a moment is, and nothing negative if clocks differ', () => {
  const nowMs = Date.parse('2026-01-01T00:00:10Z');
  expect(ago('2026-01-01T00:00:00Z', nowMs, 'never')).toBe('10 s ago');
  expect(ago('2026-01-01T00:00:20Z', nowMs, 'never')).toBe('1 s ago');
  expect(ago(null, nowMs, 'never')).toBe('never');
});

test('one is singular, and more are plural', () => {
  expect([count(1, 'secret'), count(1200, 'secret'), count(2, 'entry', 'entries')]).toEqual([
    '1 secret',
    '1,200 secrets',
    '2 entries',
  ]);
});

test('bytes are given in the unit that fits', () => {
  expect([size(0), size(1023), size(1024), size(268_435_456)]).toEqual(['0 B', '1023 B', '1.0 KiB', '256.0 MiB']);
});

test('a long list of names ends with how many more there are', () => {
  expect(names(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  expect(names(['a', 'b'], 2)).toBe('a, b');
});
