import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

test.each([
  ['3', 3_000],
  ['0', 0],
  [' 12 ', 12_000],
  ['Thu, 01 Jan 2026 00:00:07 GMT', 7_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['301', 300_000],
  ['9'.repeat(400), 300_000],
  ['Fri, 01 Jan 9999 00:00:00 GMT', 300_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Thu, 99 Foo 2026 00:00:00 GMT', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s is a wait of %s ms', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});
