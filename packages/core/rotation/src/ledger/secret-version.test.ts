import { expect, test } from 'vitest';
import { sameValue } from './secret-version.ts';

test('a value is the same under the key before, as long as that is known', () => {
  const noted = { revision: 'tag:of the old key', digest: 'old' };
  const read = { revision: 'tag:of the new key', digest: 'new', formerDigest: 'old' };
  expect([sameValue(noted, read), sameValue(read, noted)]).toEqual([true, true]);
  expect(sameValue(noted, { ...read, formerDigest: 'other' })).toBe(false);
  expect(sameValue({ ...noted, digest: null }, { ...read, formerDigest: null })).toBe(false);
});
