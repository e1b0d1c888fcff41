import { expect, test } from 'vitest';
import { columnsOf, hanging, wrap } from './wrap.ts';

test('breaks at spaces, and only if the width is used up', () => {
  expect(wrap('the provider does not answer', 12)).toEqual(['the provider', 'does not', 'answer']);
});

test('keeps a number and its unit in one line', () => {
  expect(wrap('since 4 h 12 min, 3 times', 13)).toEqual(['since 4 h', '12 min, 3', 'times']);
  expect(wrap('exit code 1 after 2 s', 20)).toEqual(['exit code 1 after', '2 s']);
});

test('breaks a word that is longer than the line', () => {
  expect(wrap('at /run/docker/plugins/x.sock now', 10)).toEqual(['at /run/do', 'cker/plugi', 'ns/x.sock', 'now']);
});

test('counts columns as a terminal does, also for wide and joined characters', () => {
  expect(wrap('日本語日本語', 5)).toEqual(['日本', '語日', '本語']);
  expect(columnsOf('e\u0301')).toBe(1);
});

test('goes on below the text and not below its mark', () => {
  expect(hanging('1. ', 'one two three', 9)).toEqual(['1. one', '   two', '   three']);
});

test('starts in the next line if the mark leaves no room', () => {
  expect(hanging('a_long_name: ', 'one two three', 14)).toEqual(['a_long_name:', '    one two', '    three']);
});

test('an empty text is one empty line', () => {
  expect(wrap('', 10)).toEqual(['']);
});
