import { expect, test } from 'vitest';
import { wantsNames } from './completion.ts';

test('names are requested only at positions for names', () => {
  expect(wantsNames(['complete', '--', 'rotate', ''])).toBe(true);
  expect(wantsNames(['complete', '--', 'plan', '--service', 'w'])).toBe(true);
  expect(wantsNames(['complete', '--', 'sta'])).toBe(false);
  expect(wantsNames(['rotate', 'complete'])).toBe(false);
});
