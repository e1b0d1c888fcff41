import { expect, test } from 'vitest';
import {
  displayMessage,
  displayNames,
  displayText,
  errorMessage,
  MAX_MESSAGE,
  MAX_NAMES,
  MAX_TEXT,
  quoted,
} from './foreign-text.ts';

test.each(['app/db', '', 'a'.repeat(MAX_TEXT), 'Größe 日本 🐙', 'a  b'])('leaves plain text as it is: %j', (text) => {
  expect(displayText(text)).toBe(text);
});

test('cuts what is longer, and says how long it was', () => {
  const shown = displayText('a'.repeat(1_000_000));
  expect(shown).toHaveLength(MAX_TEXT);
  expect(shown).toMatch(/^a+… \(1000000 characters\)$/);
  expect(displayText('a'.repeat(MAX_TEXT + 1))).toMatch(/… \(201 characters\)$/);
});

test('cuts no character in two', () => {
  for (const before of ['', 'a', 'ab', 'abc']) {
    expect(displayText(before + '🐙'.repeat(500)).isWellFormed()).toBe(true);
    expect(displayText(before + '🐙'.repeat(500))).not.toMatch(/\\u/);
  }
});

test.each([
  ['app/db\n', 'app/db\\n'],
  ['app/db ', 'app/db\\u0020'],
  ['  app/db', '\\u0020\\u0020app/db'],
  ['   ', '\\u0020\\u0020\\u0020'],
  ['a\r\n\tb', 'a\\r\\n\\tb'],
  ['a\0b', 'a\\u0000b'],
  ['\u001b[31mred', '\\u001b[31mred'],
  ['\u009b31mred', '\\u009b31mred'],
  ['a\u007fb', 'a\\u007fb'],
  ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['a\u202eb', 'a\\u202eb'],
  ['a\u2066b\u2069', 'a\\u2066b\\u2069'],
  ['a\u200bb\u200db', 'a\\u200bb\\u200db'],
  ['\ufeffa', '\\ufeffa'],
  ['a\u00a0b', 'a\\u00a0b'],
  ['a\u3000', 'a\\u3000'],
  ['a\u{e0041}b', 'a\\u{e0041}b'],
  ['a\ud83d', 'a\\ud83d'],
])('writes out what is not seen, or obeyed: %j', (text, shown) => {
  expect(displayText(text)).toBe(shown);
});

test('is never longer than its bound, whatever has to be written out, and the same when done twice', () => {
  for (const piece of ['\0', ' ', '\n', '🐙', '\u{e0041}', '\ud83d', 'a', '"', '\\']) {
    for (const count of [1, 33, 34, 99, 100, 199, 200, 201, 100_000]) {
      const shown = displayText(piece.repeat(count));
      expect(shown.length).toBeLessThanOrEqual(MAX_TEXT);
      expect(displayText(shown)).toBe(shown);
      const message = displayMessage(piece.repeat(count));
      expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE);
      expect(displayMessage(message)).toBe(message);
    }
  }
});

test('quotes', () => {
  expect(quoted('a ')).toBe('"a\\u0020"');
});

test('lists names, and says how many more there are', () => {
  expect(displayNames([])).toBe('');
  expect(displayNames(['a'.repeat(150)])).toBe('a'.repeat(150));
  expect(displayNames(['a', 'b\n', 'c'])).toBe('a, b\\n, c');
  const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
  expect(displayNames(names)).toMatch(/^name-0, name-1, .* and \d+ more$/);
  expect(displayNames(names).length).toBeLessThanOrEqual(MAX_NAMES);
  const shownCount = displayNames(names).split(', ').length;
  expect(displayNames(names)).toContain(` and ${names.length - shownCount} more`);
  const long = displayNames(['a'.repeat(1_000_000), 'b']);
  expect(long).toMatch(/^a+… \(1000000 characters\), b$/);
});

test('tells what an error says, and of what is none only its kind', () => {
  expect(errorMessage(new Error('it broke\n'))).toBe('it broke\\n');
  expect(errorMessage(new RangeError(''))).toBe('RangeError');
  expect(errorMessage('a text')).toBe('a text');
  expect(errorMessage(undefined)).toBe('no error, but undefined');
  expect(errorMessage(Object.create(null))).toBe('no error, but object');
  expect(errorMessage(new Error('a'.repeat(1_000_000)))).toHaveLength(MAX_MESSAGE);
});
