import { CANARY, fc, holdsFor, secretJson, showsCanary } from '@vault-swarm/fuzz';
import { expect, test } from 'vitest';
import { parseFields } from './json-fields.ts';
import { isLosslessJsonObject, parseLosslessJson, stringifyLosslessJson } from './lossless-json.ts';
import { type Payload, selectValue } from './payload.ts';
import { ProviderError } from './provider-error.ts';
import type { SecretRef } from './secret-ref.ts';

const refs: fc.Arbitrary<SecretRef> = fc
  .record({
    field: fc.option(
      fc.oneof(
        fc.constantFrom('value', 'a', 'a.b', '/a/b', '/a~1b', 'a.0', '__proto__', 'constructor.name', '/', '.'),
        fc.string({ maxLength: 8 }),
      ),
      { nil: undefined },
    ),
    encoding: fc.constantFrom('raw', 'base64', 'json', 'dotenv', 'properties', 'pem-bundle'),
  })
  .map(({ field, encoding }) => ({
    provider: 'store',
    location: { name: 'app' },
    encoding,
    ...(field === undefined ? {} : { field }),
  }));

const payloads: fc.Arbitrary<Payload> = fc.oneof(
  fc
    .uint8Array({ maxLength: 40 })
    .map((bytes): Payload => ({ kind: 'bytes', bytes: Buffer.concat([Buffer.from(CANARY), bytes]) })),
  secretJson.map((json): Payload => ({ kind: 'fields', fields: {}, ...parseFields(json) })),
);

test('any payload gives bytes, or an error that shows nothing of it', () =>
  holdsFor(fc.tuple(payloads, refs), ([payload, ref]) => {
    try {
      const value = selectValue(payload, ref);
      expect(value.byteLength).toBe(value.reveal().byteLength);
      expect(showsCanary(value)).toBe(false);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      expect(['NOT_FOUND', 'INVALID_PAYLOAD']).toContain(error.code);
      expect(showsCanary(error)).toBe(false);
    }
  }));

const numbers = fc
  .tuple(
    fc.bigInt(),
    fc.option(fc.nat(), { nil: undefined }),
    fc.option(fc.integer({ min: -400, max: 400 }), { nil: undefined }),
  )
  .map(
    ([whole, part, power]) =>
      `${whole}${part === undefined ? '' : `.${part}`}${power === undefined ? '' : `e${power}`}`,
  );

test('any number keeps its characters', () =>
  holdsFor(numbers, (digits) => {
    const parsed = parseLosslessJson(`{"n":[${digits}]}`);
    expect(isLosslessJsonObject(parsed) && stringifyLosslessJson(parsed)).toBe(`{"n":[${digits}]}`);
  }));

const brokenJson = fc
  .tuple(secretJson, fc.nat(), fc.constantFrom('\n', CANARY, '"', '\\', '\ufeff', ''))
  .map(([json, at, put]) => json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + 1));

test('any text is fields, or none for a reason that shows nothing of it', () =>
  holdsFor(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), secretJson, brokenJson), (text) => {
    const parsed = parseFields(text);
    if ('problem' in parsed) {
      expect(parsed.problem).toMatch(/^it is not a JSON object(,|:) /);
      expect(showsCanary(parsed)).toBe(false);
    } else {
      expect(JSON.parse(stringifyLosslessJson(parsed.fields))).toEqual(JSON.parse(text.replace(/^\ufeff/, '')));
    }
  }));
