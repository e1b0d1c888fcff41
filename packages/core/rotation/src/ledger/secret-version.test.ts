import { expect, test } from 'vitest';
import { isKnown, sameValue, UNKNOWN_OLDER } from './secret-version.ts';

test('a value is the same under the key before, as long as that is known', () => {
  const recorded = { revision: 'tag:of the old key', digest: 'old' };
  const read = { revision: 'tag:of the new key', digest: 'new', formerDigest: 'old' };
  expect([sameValue(recorded, read), sameValue(read, recorded)]).toEqual([true, true]);
  expect(sameValue(recorded, { ...read, formerDigest: 'other' })).toBe(false);
  expect(sameValue({ ...recorded, digest: null }, { ...read, formerDigest: null })).toBe(false);
});

test('a value that is only known to be older equals no known value', () => {
  expect(isKnown(UNKNOWN_OLDER)).toBe(false);
  expect(sameValue(UNKNOWN_OLDER, UNKNOWN_OLDER)).toBe(true);
  expect(sameValue(UNKNOWN_OLDER, { revision: 'a:1', digest: null })).toBe(false);
});
