import { expect, test } from 'vitest';
import { LabelReader, type LabelScheme } from './labels.ts';
import type { Labels } from './secret-labels.ts';
import { refKey } from './secret-ref.ts';

const scheme: LabelScheme = {
  kind: 'vault',
  names: ['vault_path'],
  target: (labels) => ({ location: { path: labels.vault_path ?? '' } }),
};
const instances = [{ name: 'vault', scheme }];
const refOf = (labels: Labels) => new LabelReader(instances).read({ vault_path: 'db', ...labels }, 'db', 'web').ref;

test.each<[Labels, unknown]>([
  [{}, undefined],
  [{ kms_decrypt: 'true' }, { encoding: 'base64', context: {} }],
  [
    { kms_decrypt: ' TRUE ', kms_ciphertext_encoding: 'Base64' },
    { encoding: 'base64', context: {} },
  ],
  [
    { kms_decrypt: 'true', kms_ciphertext_encoding: 'raw' },
    { encoding: 'raw', context: {} },
  ],
  [
    { kms_decrypt: 'true', kms_encryption_context: '{"b":"2","a":"1"}' },
    { encoding: 'base64', context: { a: '1', b: '2' } },
  ],
  [{ kms_decrypt: 'false', kms_ciphertext_encoding: 'base64' }, undefined],
])('%j is read as swarm-external-secrets does', (labels, decryption) => {
  expect(refOf(labels).decryption).toEqual(decryption);
});

test('a decrypted value is another one, and one of the same context is the same', () => {
  const first = refOf({ kms_decrypt: 'true', kms_encryption_context: '{"a":"1","b":"2"}' });
  const second = refOf({ kms_decrypt: 'true', kms_encryption_context: '{ "b": "2", "a": "1" }' });
  expect(refKey(first)).toBe(refKey(second));
  expect(refKey(first)).not.toBe(refKey(refOf({})));
});

test.each<[Labels, string]>([
  [{ kms_decrypt: 'yes' }, '"kms_decrypt" = "yes" must be one of true, false'],
  [{ kms_ciphertext_encoding: 'base64' }, '"kms_ciphertext_encoding" = "base64" is given without "kms_decrypt"'],
  [{ kms_decrypt: 'true', kms_ciphertext_encoding: 'hex' }, '= "hex" must be one of base64, raw'],
  [{ kms_decrypt: 'true', kms_encryption_context: 'app=shop' }, 'must be a JSON object of texts'],
  [{ kms_decrypt: 'true', kms_encryption_context: '{"a":1}' }, 'must be a JSON object of texts'],
  [{ kms_decrypt: 'true', kms_key: 'x' }, '"kms_key" = "x" is not known; there are kms_decrypt, '],
  [{ kms_decrypt: 'true', encoding: 'base64' }, '"kms_decrypt" can\'t be combined with "encoding" = "base64"'],
])('%j is refused, and names label and value', (labels, message) => {
  expect(() => refOf(labels)).toThrow(message);
});

test('without a way to decrypt, the label is refused with what to set', () => {
  const reader = new LabelReader(instances, [], 'set AWS_REGION');
  const labels = { vault_path: 'db', kms_decrypt: 'true' };
  expect(() => reader.read(labels, 'db', 'web')).toThrow('"kms_decrypt" = "true" can\'t be used: set AWS_REGION');
  expect(reader.read({ ...labels, kms_decrypt: 'false' }, 'db', 'web').ref.decryption).toBeUndefined();
});
