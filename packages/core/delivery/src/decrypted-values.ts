import {
  type Decryptor,
  decodeBase64,
  describeRef,
  ProviderError,
  refKey,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';
import type { RevisionCache } from './revision-cache.ts';

/** Finds what decrypts values. It is called when the first value has to be decrypted. */
export type FindDecryptor = () => Promise<Decryptor>;

/**
 * Decrypts what a provider returned, if the ref says so. A revision that is cached is not decrypted again: the
 * plaintext has the same limits as every cached value, and is dropped with it.
 */
export class DecryptedValues {
  readonly #find: FindDecryptor;
  readonly #cache: RevisionCache;

  constructor(find: FindDecryptor, cache: RevisionCache) {
    this.#find = find;
    this.#cache = cache;
  }

  /** @throws {ProviderError} as the decryptor; `INVALID_PAYLOAD` if the value is not base64 as the ref says. */
  async of(ref: SecretRef, read: SecretRevision, signal: AbortSignal): Promise<SecretRevision> {
    if (ref.decryption === undefined) return read;
    try {
      const cached = this.#cache.get(refKey(ref), read.revision);
      if (cached !== undefined) return { ...read, value: cached.value.copy() };
      return { ...read, value: await decrypt(ref, read.value, this.#find, signal) };
    } finally {
      read.value.wipe();
    }
  }
}

/**
 * The plaintext of what a provider returned for a ref with decryption, in a buffer of its own.
 * @throws {ProviderError} as the decryptor; `INVALID_PAYLOAD` if the value is not base64 as the ref says.
 */
export async function decrypt(
  ref: SecretRef,
  value: SecretValue,
  find: FindDecryptor,
  signal: AbortSignal,
): Promise<SecretValue> {
  const { encoding, context = {} } = ref.decryption ?? {};
  const displayName = describeRef(ref);
  const bytes = value.reveal();
  const ciphertext = encoding === 'raw' ? bytes : decodeBase64(new TextDecoder().decode(bytes));
  if (ciphertext === null) {
    const message = `${displayName}: its value is not base64, as the label kms_ciphertext_encoding says`;
    throw new ProviderError('INVALID_PAYLOAD', message);
  }
  const decryptor = await find();
  return new SecretValue(await decryptor.decrypt(ciphertext, { context, displayName, signal }));
}

/** For a delivery that decrypts nothing. */
export const noDecryptor: FindDecryptor = () =>
  Promise.reject(
    new ProviderError('INVALID_REF', 'values can not be decrypted; remove the labels that start with kms_'),
  );
