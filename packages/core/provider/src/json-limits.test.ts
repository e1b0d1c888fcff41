import { expect, test } from 'vitest';
import { parseFields } from './json-fields.ts';
import { JsonLimiter, limitJson, TooMuchJson } from './json-limits.ts';
import { parseLosslessJson } from './lossless-json.ts';

const MEGABYTES = 8 * 1024 * 1024;
const fields = (count: number) => `{${Array.from({ length: count }, (_, index) => `"f${index}":"s3cret"`).join(',')}}`;
const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  [
    '8 MB of brackets',
    '['.repeat(MEGABYTES / 2) + ']'.repeat(MEGABYTES / 2),
    'has more than 600 levels of lists and objects',
  ],
  ['brackets that are not closed', '['.repeat(MEGABYTES), 'has more than 600 levels of lists and objects'],
  ['one level too many', nested(601), 'has more than 600 levels of lists and objects'],
  ['500,000 fields', fields(500_000), 'has more than 50000 values'],
  ['8 MB of numbers', `[${'1,'.repeat(MEGABYTES / 2 - 2)}1]`, 'has more than 50000 values'],
  ['8 MB of empty objects', `[${'{},'.repeat(MEGABYTES / 3 - 2)}1]`, 'has more than 50000 values'],
])('%s are not parsed, as text and as bytes', (_what, text, reason) => {
  for (const given of [text, bytes(text)]) expect(() => limitJson(given)).toThrow(new TooMuchJson(reason));
  expect(() => parseLosslessJson(text)).toThrow(TooMuchJson);
  expect(parseFields(text)).toEqual({ problem: `it ${reason}` });
});

test.each([
  ['many fields', fields(20_000)],
  ['many levels', nested(600)],
  ['brackets and commas in strings', JSON.stringify({ a: '[{,'.repeat(100_000), b: '\\"[,'.repeat(100_000) })],
  ['500 KiB of text', JSON.stringify({ a: 'é\n"'.repeat(170_000) })],
])('%s are', (_what, text) => {
  limitJson(bytes(text));
  expect(parseFields(text)).toHaveProperty('fields');
});

test('bytes that come one by one count as the whole', () => {
  const limiter = new JsonLimiter({ maxDepth: 2, maxValues: 10 });
  for (const byte of bytes('{"\\"[[[":["é"]}')) limiter.add(Uint8Array.of(byte));
  expect(() => limiter.add('[[[')).toThrow(TooMuchJson);
});
