import { join } from 'node:path';
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { EventBus } from '@vault-swarm/kernel';
import { type Moto, startMoto, tempDirectory } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { configOf } from '@vault-swarm/lab/variables';
import type { Decryptor, ProductEvent } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAwsConfig } from '../config.ts';
import { variablesFor } from '../testing/configured.ts';
import { kmsDecryption } from './module.ts';

const directory = tempDirectory();
let moto: Moto;
let admin: KMSClient;
let key: string;
let decryptor: Decryptor;

beforeAll(async () => {
  moto = await startMoto({ dir: join(directory.path, 'moto') });
  const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin' };
  admin = new KMSClient({ endpoint: moto.endpoint, region: 'eu-west-1', credentials });
  key = (await admin.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
  const events = new EventBus<ProductEvent>(realClock);
  decryptor = await kmsDecryption.load(configOf(variablesFor(moto.endpoint), parseAwsConfig), {
    clock: realClock,
    events,
  });
});
afterAll(async () => {
  await decryptor?.close();
  admin?.destroy();
  await moto?.stop();
  await directory.remove();
});

async function encrypted(plaintext: Uint8Array, context?: Record<string, string>): Promise<Uint8Array> {
  const { CiphertextBlob: ciphertext } = await admin.send(
    new EncryptCommand({ KeyId: key, Plaintext: plaintext, ...(context && { EncryptionContext: context }) }),
  );
  return ciphertext ?? new Uint8Array();
}

const decrypt = (ciphertext: Uint8Array, context: Readonly<Record<string, string>> = {}) =>
  decryptor.decrypt(ciphertext, { context, displayName: 'vault db', ...soon() });

test('what KMS encrypted is decrypted, to the byte', async () => {
  const bytes = Uint8Array.from({ length: 4_096 }, (_, index) => index % 256);
  expect(new Uint8Array(await decrypt(await encrypted(bytes)))).toEqual(bytes);
});

test('a context must be the one of the encryption', async () => {
  const ciphertext = await encrypted(Buffer.from('x'), { app: 'shop' });
  expect(Buffer.from(await decrypt(ciphertext, { app: 'shop' })).toString()).toBe('x');
  for (const context of [{}, { app: 'other' }] as const) {
    expect(await vaultErrorOf(decrypt(ciphertext, context))).toMatchObject({ code: 'INVALID_PAYLOAD' });
  }
});

test('text that KMS did not encrypt is refused', async () => {
  expect(await vaultErrorOf(decrypt(Buffer.from('canary')))).toMatchObject({
    code: expect.stringMatching(/INVALID_PAYLOAD|ACCESS_DENIED/),
    message: expect.not.stringContaining('canary'),
  });
});
