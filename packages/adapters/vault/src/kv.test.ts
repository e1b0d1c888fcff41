import { expect, test } from 'vitest';
import { compareRevisions } from './kv.ts';

const at = (time: string, number = 1) => `${number}@2026-11-28T${time}Z`;

test('the version that was made later is the newer one, whatever its number', () => {
  expect(compareRevisions(at('10:00:00.1'), at('10:00:00.2', 2))).toBeLessThan(0);
  expect(compareRevisions(at('10:00:01'), at('10:00:00', 5))).toBeGreaterThan(0);
  expect(compareRevisions(at('10:00:00'), at('10:00:00'))).toBe(0);
});

test('of two versions of one millisecond, the one with the greater number is the newer', () => {
  expect(compareRevisions(at('10:00:00.123456789', 3), at('10:00:00.123999999', 2))).toBeGreaterThan(0);
});

test.each(['', 'kT0mfP1Xb2', '1', '1@', '1@yesterday', '0@2026-11-28T10:00:00Z', '@2026-11-28T10:00:00Z'])(
  'what is no revision of KV v2 is compared with nothing: %j',
  (other) => {
    expect(compareRevisions(at('10:00:00'), other)).toBeUndefined();
    expect(compareRevisions(other, at('10:00:00'))).toBeUndefined();
  },
);
