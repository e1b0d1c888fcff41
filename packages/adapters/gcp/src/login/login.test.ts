import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeFault, GCP_FAKE_PROJECT, type GcpFake, startGcpFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fullName, providerOf, refTo, variablesFor } from '../testing/configured.ts';

let gcp: GcpFake;
let directory: string;
const open: (() => Promise<void>)[] = [];

beforeEach(async () => {
  gcp = await startGcpFake();
  gcp.secrets.write(fullName('db'), 'x');
  directory = mkdtempSync(join(tmpdir(), 'gcp-login-'));
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  await gcp.stop();
  rmSync(directory, { recursive: true });
});

function opened(login: Variables | object, options: Parameters<typeof providerOf>[1] = {}) {
  const variables = 'type' in login ? { GCP_CREDENTIALS_JSON: JSON.stringify(login) } : (login as Variables);
  const provider = providerOf({ ...variablesFor(gcp), ...variables }, options);
  open.push(() => provider.close());
  return provider;
}

const external = (more: object) => ({ ...JSON.parse(gcp.federatedCredentials(join(directory, 'token'))), ...more });
const lastFields = () => gcp.logins.at(-1)?.fields;

describe('a login', () => {
  test('with the service account of the machine also finds its project', async () => {
    expect(await readTextOf(opened({ GCP_PROJECT_ID: undefined }), refTo('db'))).toBe('x');
    expect(gcp.logins.map(({ path }) => path.replace('/computeMetadata/v1/', '')).sort()).toEqual([
      'instance/service-accounts/default/token',
      'project/project-id',
    ]);
  });

  test('with a key of a service account is signed with it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const account = {
      type: 'service_account',
      client_email: 'plugin@lab.example',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      private_key_id: 'k1',
      token_uri: `${gcp.endpoint}/token`,
    };
    expect(await readTextOf(opened(account), refTo('db'))).toBe('x');
    expect(lastFields()).toMatchObject({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' });
    const [header = '', claims = '', signature = ''] = String(lastFields()?.assertion).split('.');
    const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decoded(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
    expect(decoded(claims)).toMatchObject({
      iss: 'plugin@lab.example',
      aud: `${gcp.endpoint}/token`,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    });
    const isValid = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      publicKey,
      Buffer.from(signature, 'base64url'),
    );
    expect(isValid).toBe(true);
  });

  test('with a token of another identity provider exchanges it, and reads its file each time', async () => {
    writeFileSync(join(directory, 'token'), 'first\n');
    const clock = new ShiftedClock();
    const provider = opened(external({}), { clock });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(lastFields()).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'first',
      audience: expect.stringContaining('workloadIdentityPools'),
    });
    writeFileSync(join(directory, 'token'), 'second');
    clock.advance(2 * 3_600_000);
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(lastFields()).toMatchObject({ subject_token: 'second' });
  });

  test('with another identity uses a service account, if the credentials say so', async () => {
    writeFileSync(join(directory, 'token'), JSON.stringify({ id_token: 'inner' }));
    const account = 'plugin@lab.iam.gserviceaccount.com';
    const url = `${gcp.endpoint}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`;
    const format = { type: 'json', subject_token_field_name: 'id_token' };
    const source = external({ credential_source: { file: join(directory, 'token'), format } });
    for (const login of [
      { ...source, service_account_impersonation_url: url },
      { type: 'impersonated_service_account', source_credentials: source, service_account_impersonation_url: url },
    ]) {
      expect(await readTextOf(opened(login), refTo('db'))).toBe('x');
      expect(gcp.logins.at(-2)?.fields).toMatchObject({ subject_token: 'inner' });
      expect(gcp.logins.at(-1)).toMatchObject({
        path: new URL(url).pathname,
        fields: { scope: ['https://www.googleapis.com/auth/cloud-platform'], lifetime: '3600s' },
        authorization: expect.stringMatching(/^Bearer ./),
      });
    }
  });

  test('takes a token of another identity provider from an address', async () => {
    const url = `${gcp.endpoint}/computeMetadata/v1/project/project-id`;
    const source = { url, headers: { 'Metadata-Flavor': 'Google' } };
    expect(await readTextOf(opened(external({ credential_source: source })), refTo('db'))).toBe('x');
    expect(lastFields()).toMatchObject({ subject_token: GCP_FAKE_PROJECT });
  });

  test('without a file of the token, or with another text in it, says so', async () => {
    const errorOf = async () => vaultErrorOf(opened(external({})).secrets.read(refTo('db'), soon()));
    expect(await errorOf()).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining("can't be read"),
    });
    writeFileSync(join(directory, 'token'), 'canary with spaces');
    const error = await errorOf();
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('has no token') });
    expect(error.message).not.toContain('canary');
  });

  const CANARY = 'canary-of-the-response';
  test.for<[string, FakeFault, string, string]>([
    [
      'a revoked key',
      { status: 400, body: { error: 'invalid_grant', error_description: CANARY } },
      'UNAUTHENTICATED',
      'is not valid any more',
    ],
    ['an unknown reason', { status: 401, body: { error: CANARY } }, 'UNAUTHENTICATED', 'check the credentials'],
    ['429', { status: 429, body: CANARY, headers: { 'retry-after': '7' } }, 'RATE_LIMITED', 'throttles'],
    ['500', { status: 500, body: CANARY }, 'UNAVAILABLE', 'status 500'],
    ['garbage', { status: 200, body: `<html>${CANARY}` }, 'UNAVAILABLE', 'without a token'],
    ['a reset', { kind: 'reset' }, 'UNAVAILABLE', "can't be reached"],
  ])('that is answered with %s fails, and shows nothing of it', async ([_, fault, code, message]) => {
    writeFileSync(join(directory, 'token'), 'x');
    gcp.disturb({ fault, operation: 'login' });
    const error = await vaultErrorOf(opened(external({})).secrets.read(refTo('db'), soon()));
    expect(error).toMatchObject({ code, retryable: true });
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(CANARY);
  });

  test.for<[string, FakeFault, string]>([
    ['has no service account', { status: 404, body: '' }, 'this machine has no service account'],
    ['is of another cloud', { status: 200, body: { access_token: 'x', expires_in: 1 } }, "is not Google's"],
  ])('on a machine that %s says so', async ([_, fault, message]) => {
    gcp.disturb({ fault, operation: 'login' });
    const error = await vaultErrorOf(opened({}).secrets.read(refTo('db'), soon()));
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining(message) });
  });
});
