import { expect, test } from 'vitest';
import { counted, formatAge, formatBytes, formatMs, formatPercent, formatUptime, listed, visible } from './format.ts';

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [172_799_000, '47 h'],
  [172_800_000, '2 d'],
])('an age of %i ms is %s', (ageMs, text) => expect(formatAge(ageMs)).toBe(text));

test.each([
  [40, '40 s'],
  [720, '12 min'],
  [15_120, '4 h 12 min'],
  [273_600, '3 d 4 h'],
])('an uptime of %i s is %s', (seconds, text) => expect(formatUptime(seconds)).toBe(text));

test.each([
  [null, '–'],
  [0.42, '0.4 ms'],
  [23.4, '23 ms'],
  [1234, '1.2 s'],
])('a duration of %s ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text));

test.each([
  [512, '512 B'],
  [4300, '4.2 KiB'],
  [48_758_784, '46.5 MiB'],
  [1_395_864_371, '1.3 GiB'],
])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('shares of nothing are a dash, and others have at most two digits', () => {
  expect(formatPercent(null)).toBe('–');
  expect(formatPercent(4.7619)).toBe('4.76 %');
});

test('one is singular', () => {
  expect(counted(1, 'task')).toBe('1 task');
  expect(counted(1204, 'task')).toBe('1,204 tasks');
});

test('long lists of names end with how many more there are', () => {
  expect(listed(['a'])).toBe('a');
  expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
});

test('characters that would hide or turn round a name are shown by their number', () => {
  expect(visible('a\u202eb\u200bc\u0000d\n')).toBe('a\\u{202e}b\\u{200b}c\\u{0}d\\u{a}');
});
