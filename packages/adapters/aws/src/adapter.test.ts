import { type AwsFake, startAwsFake } from '@vault-swarm/lab';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let aws: AwsFake;
let provider: ProviderInstance;

beforeAll(async () => {
  aws = await startAwsFake();
});
afterAll(() => aws.stop());
beforeEach(() => {
  provider = providerOf(variablesFor(aws.endpoint));
  aws.resetCounts();
});
afterEach(() => provider.close());

describe('a secret', () => {
  test('is read by its name, its ARN, and its ARN without the last characters', async () => {
    const secrets = aws.secrets();
    secrets.write('app/by-id', { SecretString: 'x' });
    const { arn } = secrets.find('app/by-id');
    for (const id of ['app/by-id', arn, arn.slice(0, -7)]) expect(await readTextOf(provider, refTo(id))).toBe('x');
  });

  test('of another region is read there, by its ARN', async () => {
    aws.secrets('us-east-1').write('app/far', { SecretString: 'far' });
    const { arn } = aws.secrets('us-east-1').find('app/far');
    expect(arn).toContain(':us-east-1:');
    expect(await readTextOf(provider, refTo(arn))).toBe('far');
    expect(await vaultErrorOf(provider.secrets.read(refTo('app/far'), soon()))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('has the version id as its revision, and the time of that version', async () => {
    const secrets = aws.secrets();
    const first = secrets.write('app/versions', { SecretString: 'one' });
    const second = secrets.write('app/versions', { SecretString: 'two' });
    const now = await provider.secrets.read(refTo('app/versions'), soon());
    expect(now.revision).toBe(second);
    expect(Math.abs((now.createdAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
    const old = await provider.revisions?.readRevision(refTo('app/versions'), first, soon());
    expect(old?.revision).toBe(first);
  });

  test('follows another staging label if the ref says so', async () => {
    const secrets = aws.secrets();
    secrets.write('app/staged', { SecretString: 'current' });
    const secret = secrets.find('app/staged');
    secrets.put(secret, { SecretString: 'pending' }, '11111111-1111-4111-8111-111111111111', ['AWSPENDING']);
    expect(await readTextOf(provider, refTo('app/staged'))).toBe('current');
    expect(await readTextOf(provider, refTo('app/staged', { stage: 'AWSPENDING' }))).toBe('pending');
    secrets.moveStage(secret, 'AWSCURRENT', '11111111-1111-4111-8111-111111111111');
    expect(await readTextOf(provider, refTo('app/staged'))).toBe('pending');
    expect(await readTextOf(provider, refTo('app/staged', { stage: 'AWSPREVIOUS' }))).toBe('current');
    expect(await vaultErrorOf(provider.secrets.read(refTo('app/staged', { stage: 'none' }), soon()))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no such version'),
    });
  });

  test('that is marked for deletion is not found until it is restored', async () => {
    const secrets = aws.secrets();
    secrets.write('app/deleted', { SecretString: 'x' });
    secrets.delete('app/deleted', { force: false });
    expect(await vaultErrorOf(provider.secrets.read(refTo('app/deleted'), soon()))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('marked for deletion; restore it'),
    });
    secrets.restore('app/deleted');
    expect(await readTextOf(provider, refTo('app/deleted'))).toBe('x');
  });

  test('gives fields by name, by dots and by a JSON pointer, with all their digits', async () => {
    const SecretString = '{"user": "app", "port": 5432.10, "tls": {"crt": "PEM", "a.b": 12345678901234567890}}';
    aws.secrets().write('app/fields', { SecretString });
    const field = (name: string) => readTextOf(provider, refTo('app/fields', { field: name }));
    expect(await Promise.all(['user', 'port', 'tls.crt', '/tls/a.b'].map(field))).toEqual([
      'app',
      '5432.10',
      'PEM',
      '12345678901234567890',
    ]);
    expect(aws.counts().calls).toBe(1);
  });

  test('of bytes is delivered as bytes, and has no fields', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    aws.secrets().write('app/bytes', { SecretBinary: Buffer.from(bytes).toString('base64') });
    const { value } = await provider.secrets.read(refTo('app/bytes'), soon());
    expect(value.reveal()).toEqual(bytes);
    const failure = await vaultErrorOf(provider.secrets.read(refTo('app/bytes', { field: 'x' }), soon()));
    expect(failure.code).toBe('INVALID_PAYLOAD');
  });

  test('of text that is not a JSON object is delivered as it is, and says why it has no fields', async () => {
    for (const [text, reason] of [
      ['{"a":"s3cret\n"}', 'a line break or another control character in a string is not written as \\n or the like'],
      ['["s3cret"]', 'but a list'],
    ] as const) {
      aws.secrets().write('app/text', { SecretString: text });
      expect(await readTextOf(provider, refTo('app/text'))).toBe(text);
      const failure = await vaultErrorOf(provider.secrets.read(refTo('app/text', { field: 'a' }), soon()));
      expect([failure.code, failure.message]).toEqual(['INVALID_PAYLOAD', expect.stringContaining(reason)]);
      expect(failure.message).not.toContain('s3cret');
    }
  });

  test('of JSON with a byte order mark before it has fields', async () => {
    const text = '\ufeff{"a":"x","b":1}';
    aws.secrets().write('app/marked', { SecretString: text });
    expect(await readTextOf(provider, refTo('app/marked', { field: 'a' }))).toBe('x');
  });

  test('that many ask for at the same time is one call', async () => {
    aws.secrets().write('app/many', { SecretString: 'x' });
    await Promise.all(Array.from({ length: 50 }, () => readTextOf(provider, refTo('app/many'))));
    expect(aws.counts().byOperation).toEqual({ GetSecretValue: 1 });
  });
});

test('a ref with a version and a staging label is refused', async () => {
  const pin = '11111111-1111-4111-8111-111111111111';
  expect(await vaultErrorOf(provider.secrets.read(refTo('a', { pin, stage: 'AWSPENDING' }), soon()))).toMatchObject({
    code: 'INVALID_REF',
  });
});
