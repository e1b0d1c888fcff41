import { expect, test } from 'vitest';
import { parseFields } from './json-fields.ts';
import { hasSeveralFields, type Payload, payloadOfBytes, payloadOfText, selectValue } from './payload.ts';
import { ProviderError } from './provider-error.ts';
import type { SecretRef } from './secret-ref.ts';

const ref = (rest: Partial<SecretRef> = {}): SecretRef => ({
  provider: 'vault',
  location: { mount: 'secret', path: 'app/db' },
  encoding: 'raw',
  ...rest,
});
const fields = (json: string): Payload => {
  const parsed = parseFields(json);
  return { kind: 'fields', fields: 'fields' in parsed ? parsed.fields : {} };
};
const bytes = (...values: number[]): Payload => ({ kind: 'bytes', bytes: new Uint8Array(values) });
const textOf = (payload: Payload, rest?: Partial<SecretRef>) =>
  new TextDecoder().decode(selectValue(payload, ref(rest)).reveal());
const failure = (payload: Payload, rest?: Partial<SecretRef>) => {
  try {
    selectValue(payload, ref(rest));
  } catch (error) {
    if (error instanceof ProviderError) return `${error.code} ${error.message}`;
  }
  return 'no error';
};

test.each([
  ['a string', '{"a":"grüße\\n"}', 'grüße\n'],
  ['a long number', '{"a":12345678901234567890}', '12345678901234567890'],
  ['a number with a trailing zero', '{"a":1.0}', '1.0'],
  ['a boolean', '{"a":true}', 'true'],
  ['an object', '{"a":{"n":1.50,"s":[1,null]}}', '{"n":1.50,"s":[1,null]}'],
])('delivers %s exactly', (_what, json, expected) => {
  expect(textOf(fields(json))).toBe(expected);
});

test('takes the only field, else value, password, secret, data in this order', () => {
  expect(textOf(fields('{"anything":"x"}'))).toBe('x');
  expect(textOf(fields('{"user":"u","data":"d","password":"p"}'))).toBe('p');
  expect(textOf(fields('{"data":"d","secret":"s","x":"x"}'))).toBe('s');
});

test('a field that is literally named wins over a nested one', () => {
  const payload = fields('{"tls.crt":"literal","tls":{"crt":"nested"}}');
  expect(textOf(payload, { field: 'tls.crt' })).toBe('literal');
  expect(textOf(payload, { field: '/tls/crt' })).toBe('nested');
});

test.each([
  ['a.b', 'deep'],
  ['/a/b', 'deep'],
  ['/list/1/x', 'second'],
  ['list.0.x', 'first'],
  ['/odd~1name', 'slash'],
])('reaches the nested field %s', (field, expected) => {
  const json = '{"a":{"b":"deep"},"list":[{"x":"first"},{"x":"second"}],"odd/name":"slash"}';
  expect(textOf(fields(json), { field })).toBe(expected);
});

test('names the fields there are, and never a value, when one is missing or must be chosen', () => {
  const payload = fields('{"user":"canary-1","pass":"canary-2"}');
  expect(failure(payload, { field: 'pasword' })).toMatch(/^NOT_FOUND .*user, pass/);
  expect(failure(payload)).toMatch(/^INVALID_PAYLOAD .*user, pass/);
  expect(failure(payload) + failure(payload, { field: 'x' })).not.toContain('canary');
});

test('finds no fields in what every object inherits', () => {
  expect(failure(fields('{"a":"x"}'), { field: 'constructor' })).toMatch(/^NOT_FOUND/);
  expect(failure(fields('{"a":"x"}'), { field: '__proto__' })).toMatch(/^NOT_FOUND/);
});

test.each([
  ['null', '{"a":null}', {}],
  ['null by its name', '{"a":null,"b":"x"}', { field: 'a' }],
  ['no fields', '{}', {}],
  ['no base64', '{"a":"not base64!"}', { encoding: 'base64' }],
] as const)('refuses %s', (_what, json, rest) => {
  expect(failure(fields(json), rest)).toMatch(/^INVALID_PAYLOAD/);
});

test('gives the whole secret as JSON', () => {
  expect(textOf(fields('{"b":1.0,"a":"x"}'), { encoding: 'json' })).toBe('{"b":1.0,"a":"x"}');
});

test('decodes base64 to every possible byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const payload = fields(JSON.stringify({ a: Buffer.from(all).toString('base64') }));
  expect(selectValue(payload, ref({ encoding: 'base64' })).reveal()).toEqual(all);
});

test('delivers bytes as they are, and says that bytes have no fields', () => {
  expect(selectValue(bytes(0, 255, 10), ref()).reveal()).toEqual(new Uint8Array([0, 255, 10]));
  expect(failure(bytes(1), { field: 'a' })).toMatch(/^INVALID_PAYLOAD .*no fields/);
  expect(failure(bytes(1), { encoding: 'json' })).toMatch(/^INVALID_PAYLOAD .*no fields/);
});

test('text that is a JSON object has fields, and other text is delivered unchanged', () => {
  expect(payloadOfText('{"a":"x"}')).toEqual({ kind: 'fields', fields: { a: 'x' } });
  expect(payloadOfBytes(new TextEncoder().encode('{"a":"x"}'))).toEqual({ kind: 'fields', fields: { a: 'x' } });
  for (const text of ['grüße', '["x"]', '']) {
    expect(textOf(payloadOfText(text))).toBe(text);
    expect(textOf(payloadOfBytes(new TextEncoder().encode(text)))).toBe(text);
  }
});

test('bytes that are no text are delivered unchanged, and have no fields', () => {
  const payload = payloadOfBytes(new Uint8Array([0xff, 0xfe]));
  expect(selectValue(payload, ref()).reveal()).toEqual(new Uint8Array([0xff, 0xfe]));
  expect(failure(payload, { field: 'a' })).toContain('it is not UTF-8 text');
});

test('only fields have several parts', () => {
  expect([fields('{"a":1,"b":2}'), fields('{"a":1}'), bytes(1, 2)].map(hasSeveralFields)).toEqual([true, false, false]);
});
