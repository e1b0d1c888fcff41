import { type DecryptOptions, ProviderError, type SecretRef, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { DecryptedValues } from './decrypted-values.ts';
import { RevisionCache } from './revision-cache.ts';

const ref: SecretRef = {
  provider: 'vault',
  location: { path: 'db' },
  encoding: 'raw',
  decryption: { encoding: 'base64', context: { app: 'shop' } },
};
const signal = new AbortController().signal;
const textOf = (value: SecretValue) => Buffer.from(value.reveal()).toString();

function setUp() {
  const calls: { readonly ciphertext: string; readonly options: DecryptOptions }[] = [];
  const cache = new RevisionCache({ maxRevisions: 10, maxBytes: 1_000 }, (value) => value.wipe());
  const values = new DecryptedValues(
    async () => ({
      async decrypt(ciphertext, options) {
        calls.push({ ciphertext: Buffer.from(ciphertext).toString(), options });
        return Buffer.from(`plain ${Buffer.from(ciphertext)}`);
      },
      close: async () => undefined,
    }),
    cache,
  );
  return { calls, cache, values };
}
const read = (text: string, revision = 'r1') => ({ value: SecretValue.fromText(text), revision });

test('a ciphertext is decoded and decrypted with its context, and then wiped', async () => {
  const { calls, values } = setUp();
  const encrypted = read(Buffer.from('secret').toString('base64'));
  const { value, revision } = await values.of(ref, encrypted, signal);
  expect([textOf(value), revision]).toEqual(['plain secret', 'r1']);
  expect(calls).toMatchObject([
    { ciphertext: 'secret', options: { context: { app: 'shop' }, displayName: 'vault db' } },
  ]);
  expect(() => encrypted.value.reveal()).toThrow();
});

test('bytes are decrypted as they are', async () => {
  const { calls, values } = setUp();
  await values.of({ ...ref, decryption: { encoding: 'raw', context: {} } }, read('bytes'), signal);
  expect(calls[0]?.ciphertext).toBe('bytes');
});

test('a value that needs no decryption is returned unchanged', async () => {
  const { calls, values } = setUp();
  const { decryption: _, ...plain } = ref;
  const given = read('text');
  expect(await values.of(plain, given, signal)).toBe(given);
  expect(calls).toEqual([]);
});

test('a cached revision is not decrypted again, another one is', async () => {
  const { calls, cache, values } = setUp();
  const text = Buffer.from('secret').toString('base64');
  const { refKey } = await import('@vault-swarm/provider');
  const first = await values.of(ref, read(text), signal);
  cache.store(refKey(ref), first, 0);
  const again = await values.of(ref, read(text), signal);
  expect(textOf(again.value)).toBe('plain secret');
  expect(again.value).not.toBe(first.value);
  expect(calls.length).toBe(1);
  await values.of(ref, read(text, 'r2'), signal);
  expect(calls.length).toBe(2);
});

test('a locked cache has no value, so each read is decrypted', async () => {
  const { calls, cache, values } = setUp();
  cache.lock(true);
  const { refKey } = await import('@vault-swarm/provider');
  for (let round = 0; round < 2; round++) {
    cache.store(refKey(ref), await values.of(ref, read('c2VjcmV0'), signal), 0);
  }
  expect(calls.length).toBe(2);
});

test('a value that is not base64 is refused, and is not shown', async () => {
  const { values } = setUp();
  const error = await values.of(ref, read('canary!'), signal).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProviderError);
  expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', message: expect.not.stringContaining('canary') });
});
