import { expect, test } from 'vitest';
import { sameValue } from './secret-version.ts';

test('a value is the same under the key before, as long as that is known', () => {
  const recorded = { revision: 'tag:of the old key', digest: 'old' };
  const read = { revision: 'tag:of the new key', digest: 'new', formerDigest: 'old' };
  expect([sameValue(recorded, read), sameValue(read, recorded)]).toEqual([true, true]);
  expect(sameValue(recorded, { ...read, formerDigest: 'other' })).toBe(false);
  expect(sameValue({ ...recorded, digest: null }, { ...read, formerDigest: null })).toBe(false);
});
