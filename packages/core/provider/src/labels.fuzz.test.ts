import { fc, holdsFor } from '@vault-swarm/fuzz';
import { expect, test } from 'vitest';
import { LabelReader, type LabelScheme } from './labels.ts';
import { ProviderError } from './provider-error.ts';
import { describeRef, refKey } from './secret-ref.ts';

const scheme = (kind: string): LabelScheme => ({
  kind,
  names: [`${kind}_path`, `${kind}_field`],
  target: (labels, otherwise) => ({
    location: { path: labels[`${kind}_path`] ?? otherwise() },
    ...(labels[`${kind}_field`] === undefined ? {} : { field: labels[`${kind}_field`] }),
  }),
});
const reader = new LabelReader(['vault', 'file'].map((name) => ({ name, scheme: scheme(name) })));

const names = fc.oneof(
  fc.constantFrom(
    'vault_path',
    'vault_field',
    'vault_oops',
    'file_path',
    'aws_field',
    'kms_decrypt',
    'provider',
    'rotate',
    'encoding',
  ),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'com.docker.stack.namespace', ''),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const values = fc.oneof(
  fc.constantFrom('vault', 'file', 'auto', 'off', 'json', 'base64', 'app/db', '../x', '', ' '),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const inputs = fc.record({
  labels: fc.dictionary(names, values, { maxKeys: 5 }),
  secret: fc.string({ unit: 'binary', maxLength: 12 }),
  service: fc.option(fc.string({ maxLength: 12 }), { nil: undefined }),
});

test('any labels give a ref, the same one each time, or an error that says why', () =>
  holdsFor(inputs, ({ labels, secret, service }) => {
    try {
      const { ref, rotate } = reader.read(labels, secret, service);
      expect(['auto', 'manual', 'off']).toContain(rotate);
      expect(refKey(reader.read({ ...labels }, secret, service).ref)).toBe(refKey(ref));
      expect(describeRef(ref)).toContain(ref.provider);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      expect(error.code).toBe('INVALID_REF');
      expect(error.message.length).toBeGreaterThan(10);
    }
  }));
