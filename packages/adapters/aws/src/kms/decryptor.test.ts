import { EventBus } from '@vault-swarm/kernel';
import {
  awsError,
  type FakeFault,
  type FakeReply,
  type FakeServer,
  jsonReply,
  startFakeServer,
} from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { configOf } from '@vault-swarm/lab/variables';
import type { Decryptor, ProductEvent } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseAwsConfig } from '../config.ts';
import { variablesFor } from '../testing/configured.ts';
import { kmsDecryption } from './module.ts';

let api: FakeServer;
let decryptor: Decryptor;
let events: ProductEvent[];

const plaintext = (text: string): FakeReply =>
  jsonReply(200, {
    KeyId: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    Plaintext: Buffer.from(text).toString('base64'),
  });
/** An error as KMS sends it. */
const refusal = (name: string, status = 400): FakeFault => awsError(name, 'canary', status);

beforeAll(async () => {
  api = await startFakeServer({ answer: () => plaintext('plain') });
});
afterAll(() => api.stop());
beforeEach(async () => {
  events = [];
  const bus = new EventBus<ProductEvent>(realClock);
  bus.subscribe((event) => void events.push(event));
  decryptor = await kmsDecryption.load(configOf(variablesFor(api.endpoint), parseAwsConfig), {
    clock: realClock,
    events: bus,
  });
  api.resetCounts();
});
afterEach(async () => {
  api.recover();
  await decryptor.close();
});

const decrypt = (text = 'ciphertext', signal = soon().signal) =>
  decryptor.decrypt(Buffer.from(text), { context: { app: 'shop' }, displayName: 'vault db', signal });

test('a ciphertext is one call, which is signed and has its own event', async () => {
  expect(Buffer.from(await decrypt()).toString()).toBe('plain');
  expect(api.requests).toMatchObject([
    {
      method: 'POST',
      headers: {
        'x-amz-target': 'TrentService.Decrypt',
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d+\/eu-west-1\/kms\//,
        ),
      },
    },
  ]);
  expect(events).toMatchObject([
    { type: 'provider.request-completed', provider: 'aws-kms', operation: 'decrypt', outcome: 'ok' },
  ]);
});

test.each<[string, FakeFault, object]>([
  ['no permission', refusal('AccessDeniedException'), { code: 'ACCESS_DENIED', retryable: false }],
  [
    'a wrong ciphertext or context',
    refusal('InvalidCiphertextException'),
    { code: 'INVALID_PAYLOAD', retryable: false },
  ],
  ['a disabled key', refusal('DisabledException'), { code: 'ACCESS_DENIED', retryable: false }],
  ['a key of another region', refusal('NotFoundException'), { code: 'ACCESS_DENIED', retryable: false }],
  ['an expired login', refusal('ExpiredTokenException'), { code: 'UNAUTHENTICATED' }],
  ['a limit of the rate', refusal('ThrottlingException'), { code: 'UNAVAILABLE' }],
  ['a failure of KMS', refusal('KMSInternalException', 500), { code: 'UNAVAILABLE' }],
  ['a 403 of some proxy', { status: 403, body: '<html>' }, { code: 'ACCESS_DENIED', retryable: true }],
  ['text that is not HTTP', { kind: 'garbage' }, { code: 'UNAVAILABLE' }],
  ['a connection that ends', { kind: 'reset' }, { code: 'UNAVAILABLE' }],
  ['a body without an end', { kind: 'endless' }, { code: 'INVALID_PAYLOAD', retryable: true }],
  ['a response without plaintext', jsonReply(200, {}), { code: 'UNAVAILABLE' }],
])('%s has its code, and shows nothing of the response', async (_, fault, expected) => {
  api.disturb({ fault });
  const error = await vaultErrorOf(decrypt());
  expect(error).toMatchObject(expected);
  expect(error.message).toMatch(/^vault db: /);
  expect(error.message).not.toContain('canary');
});

test('a call that hangs ends when it is aborted, and a later one is answered', async () => {
  api.disturb({ fault: { kind: 'hang' } });
  const controller = new AbortController();
  const hanging = vaultErrorOf(decrypt('x', controller.signal));
  controller.abort();
  expect(await hanging).toMatchObject({ code: 'UNAVAILABLE', message: 'vault db: the decryption was aborted' });
  api.recover();
  expect(Buffer.from(await decrypt()).toString()).toBe('plain');
});

test.each([0, 6_145])('%i bytes are no ciphertext of KMS, and are not sent', async (length) => {
  const error = await vaultErrorOf(decrypt('x'.repeat(length)));
  expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', message: expect.stringContaining(`${length} bytes`) });
  expect(api.requests).toEqual([]);
});

test('a closed decryptor sends nothing', async () => {
  await decryptor.close();
  expect(await vaultErrorOf(decrypt())).toMatchObject({ code: 'UNAVAILABLE' });
  expect(api.requests).toEqual([]);
});
