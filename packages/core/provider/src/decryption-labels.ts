import { quoted } from '@vault-swarm/kernel';
import { parseFields } from './json-fields.ts';
import { ProviderError } from './provider-error.ts';
import type { Labels } from './secret-labels.ts';
import type { Decryption } from './secret-ref.ts';

/** The labels that request decryption by AWS KMS, for values of any provider, as swarm-external-secrets has them. */
export const decryptionLabels: readonly string[] = ['kms_decrypt', 'kms_ciphertext_encoding', 'kms_encryption_context'];

const PREFIX = 'kms_';
/** KMS accepts at most 8 KiB of context; a label has at most half of that. */
const MAX_PAIRS = 100;

/**
 * The decryption that a secret's labels request; `undefined` if they request none.
 *
 * @throws {ProviderError} `INVALID_REF`. If a label were ignored, the service would get the ciphertext.
 */
export function parseDecryption(labels: Labels): Decryption | undefined {
  const given = Object.keys(labels)
    .filter((label) => label.startsWith(PREFIX))
    .sort();
  const unknown = given.find((label) => !decryptionLabels.includes(label));
  if (unknown !== undefined)
    throw invalid(
      `${quoted(unknown)} = ${quoted(labels[unknown] ?? '')} is not known; there are ${decryptionLabels.join(', ')}`,
    );
  const [first] = given;
  if (first === undefined) return undefined;
  const decrypt = labels.kms_decrypt?.trim().toLowerCase();
  if (decrypt === undefined)
    throw invalid(
      `${quoted(first)} = ${quoted(labels[first] ?? '')} is given without "kms_decrypt"; set that to true, or remove this one`,
    );
  if (decrypt !== 'true' && decrypt !== 'false')
    throw invalid(`"kms_decrypt" = ${quoted(labels.kms_decrypt ?? '')} must be one of true, false`);
  const decryption = { encoding: parseEncoding(labels), context: parseContext(labels) };
  return decrypt === 'true' ? decryption : undefined;
}

function parseEncoding({ kms_ciphertext_encoding: given = 'base64' }: Labels): Decryption['encoding'] {
  const encoding = given.trim().toLowerCase();
  if (encoding === 'base64' || encoding === 'raw') return encoding;
  throw invalid(`"kms_ciphertext_encoding" = ${quoted(given)} must be one of base64, raw`);
}

function parseContext({ kms_encryption_context: given = '{}' }: Labels): Decryption['context'] {
  const parsed = parseFields(given);
  const pairs = 'fields' in parsed ? Object.entries(parsed.fields) : [];
  if ('problem' in parsed || pairs.length > MAX_PAIRS || pairs.some(([, value]) => typeof value !== 'string')) {
    throw invalid(`"kms_encryption_context" = ${quoted(given)} must be a JSON object of texts, such as {"app":"shop"}`);
  }
  // In one order, so that labels with the same meaning have the same key.
  return Object.fromEntries((pairs as [string, string][]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function invalid(reason: string): ProviderError {
  return new ProviderError('INVALID_REF', `label ${reason}`);
}
