import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLosslessJson } from './lossless-json.ts';
import { type Payload, selectValue } from './payload.ts';
import { ProviderError } from './provider-error.ts';
import type { Encoding, SecretRef } from './secret-ref.ts';

const text = (fields: unknown, encoding: Encoding): string => {
  const payload = { kind: 'fields', fields: parseLosslessJson(JSON.stringify(fields)) } as Payload;
  return Buffer.from(selectValue(payload, ref(encoding)).reveal()).toString();
};
const ref = (encoding: Encoding): SecretRef => ({ provider: 'vault', location: { path: 'app' }, encoding });
const refusal = (fields: unknown, encoding: Encoding): string => {
  try {
    return text(fields, encoding);
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'INVALID_PAYLOAD') return error.message;
    throw error;
  }
};

describe('all fields of a secret', () => {
  const fields = { port: 5432, USER: 'app', on: true, nested: { a: [1] } };

  test('are one dotenv file, sorted by name', () => {
    expect(text(fields, 'dotenv')).toBe(`USER='app'\nnested='{"a":[1]}'\non='true'\nport='5432'\n`);
  });

  test('are one properties file, sorted by name', () => {
    expect(text(fields, 'properties')).toBe('USER=app\nnested={"a":[1]}\non=true\nport=5432\n');
  });

  test.each(['dotenv', 'properties'] as const)('are no %s file if one is null, or if there are none', (encoding) => {
    expect(refusal({ a: null, b: 'x', c: null }, encoding)).toBe('vault app: fields are null: a, c');
    expect(refusal({}, encoding)).toBe('vault app: it has no fields');
  });

  test.each(['json', 'dotenv', 'properties', 'pem-bundle'] as const)('are needed for %s', (encoding) => {
    const bytes: Payload = { kind: 'bytes', bytes: new TextEncoder().encode('plain') };
    expect(() => selectValue(bytes, ref(encoding))).toThrow(`it has no fields, so it can't give encoding ${encoding}`);
  });
});

describe('a certificate with its key', () => {
  let directory: string;
  let parts: { readonly private_key: string; readonly certificate: string; readonly issuing_ca: string };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'bundle-'));
    const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca');
    openssl('req', ...key, '-keyout', 'key', '-out', 'request', '-subj', '/CN=web');
    openssl('x509', '-req', '-in', 'request', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'cert');
    const read = (name: string) => readFileSync(join(directory, name), 'utf8');
    parts = { private_key: read('key').trim(), certificate: read('cert').trim(), issuing_ca: read('ca.pem').trim() };
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('is one file that a TLS server takes: key, certificate, chain', () => {
    const { private_key: key, certificate, issuing_ca: ca } = parts;
    for (const fields of [
      { ...parts, serial_number: '1' },
      { ...parts, ca_chain: [ca, ca] },
      // As with Vault's format=pem_bundle.
      { ...parts, certificate: `${key}\n${certificate}\n${ca}` },
    ]) {
      const bundle = text(fields, 'pem-bundle');
      expect(bundle).toBe(`${key}\n${certificate}\n${ca}\n`);
      expect(() => createSecureContext({ key: bundle, cert: bundle })).not.toThrow();
    }
  });

  test('is refused if a part is missing or not PEM', () => {
    expect(refusal({ certificate: parts.certificate }, 'pem-bundle')).toBe(
      'vault app: encoding pem-bundle needs the fields private_key and certificate; it has certificate',
    );
    expect(refusal({ ...parts, private_key: 'MIGH' }, 'pem-bundle')).toBe('vault app: field "private_key" is not PEM');
    expect(refusal({ ...parts, certificate: 'MIGH' }, 'pem-bundle')).toBe('vault app: field "certificate" is not PEM');
  });
});
