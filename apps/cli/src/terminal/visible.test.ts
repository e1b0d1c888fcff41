import { expect, test } from 'vitest';
import { visible, visibleJson } from './visible.ts';

test('escapes control characters', () => {
  expect(visible('a\u001b[2Jb\u0007\u009b31m\r\nc\u007f')).toBe('a\\u001b[2Jb\\u0007\\u009b31m\\u000d\\u000ac\\u007f');
});

test('escapes direction marks, invisible characters and non-characters', () => {
  expect(visible('a\u202eb\u200bc\u2066d\ufeff')).toBe('a\\u202eb\\u200bc\\u2066d\\ufeff');
  expect(visible('\ud800')).toBe('\ufffd');
});

test('leaves names of all languages as they are', () => {
  expect(visible('schlüssel 鍵 कुंजी')).toBe('schlüssel 鍵 कुंजी');
});

test('JSON has the same meaning without control characters', () => {
  const value = { name: 'a\u001b\u009b\u202e\u007f"\\' };
  const text = visibleJson(value);
  expect(JSON.parse(text)).toEqual(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
