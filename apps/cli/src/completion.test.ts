import { expect, test } from 'vitest';
import { wantsNames } from './completion.ts';

test('names are asked for only where a name may come next', () => {
  expect(wantsNames(['complete', '--', 'rotate', ''])).toBe(true);
  expect(wantsNames(['complete', '--', 'plan', '--service', 'w'])).toBe(true);
  expect(wantsNames(['complete', '--', 'sta'])).toBe(false);
  expect(wantsNames(['rotate', 'complete'])).toBe(false);
});
