import { expect, test } from 'vitest';
import { parseFields } from './json-fields.ts';
import { stringifyLosslessJson } from './lossless-json.ts';

test.each(['{"a":1.0}', '\ufeff{"a":1.0}', ' {"a":1.0}\n'])('reads the fields of %j', (text) => {
  const parsed = parseFields(text);
  expect('fields' in parsed && stringifyLosslessJson(parsed.fields)).toBe('{"a":1.0}');
});

test.each([
  [
    '{"a":"s3cret\ns3cret"}',
    'a line break or another control character in a string is not written as \\n or the like (line 1, column 13)',
  ],
  ['{\n  "a": "s3cret', 'it ends too early (line 2, column 15)'],
  ['', 'it ends too early'],
  ['{"a":"s3\\xcret"}', 'a backslash in a string is not followed by a character that JSON knows (line 1, column 10)'],
  ['{"a":1} s3cret', 'there is something after its end (line 1, column 9)'],
  ["{'s3cret':1}", 'a name in double quotes is missing (line 1, column 2)'],
  ['{"s3cret":1,}', 'a name in double quotes is missing (line 1, column 13)'],
  ['{"s3cret":1 "b":2}', 'a comma or closing bracket is missing (line 1, column 13)'],
  ['{"s3cret" 1}', 'a colon is missing (line 1, column 11)'],
  ['s3cret', 'it has text that is not JSON'],
  ['{"a":s3cret}', 'it has text that is not JSON'],
  ['\ufeff\ufeff{}', 'it has text that is not JSON'],
])('says why %j is not a JSON object, and quotes nothing', (text, reason) => {
  expect(parseFields(text)).toEqual({ problem: `it is not a JSON object: ${reason}` });
});

test.each([
  ['["s3cret"]', 'a list'],
  ['"s3cret"', 'a string'],
  ['12', 'a number'],
  ['true', 'a boolean'],
  ['null', 'null'],
])('says what %j is instead', (text, kind) => {
  expect(parseFields(text)).toEqual({ problem: `it is not a JSON object, but ${kind}` });
});
