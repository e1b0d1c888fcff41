import { execFileSync } from 'node:child_process';
import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBus } from '@vault-swarm/kernel';
import { type AzureFake, azurePrincipal, type FakeFault, startAzureFake } from '@vault-swarm/lab';
import { realClock, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from '../testing/configured.ts';

let azure: AzureFake;
let directory: string;
const open: (() => Promise<void>)[] = [];

beforeEach(async () => {
  azure = await startAzureFake();
  azure.vault.write('db', 'x');
  directory = mkdtempSync(join(tmpdir(), 'azure-login-'));
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  await azure.stop();
  rmSync(directory, { recursive: true });
});

/** A provider with another login than a client secret. */
function opened(login: Variables, options: Parameters<typeof providerOf>[1] = {}) {
  const { AZURE_CLIENT_SECRET: _, ...others } = variablesFor(azure.endpoint);
  const provider = providerOf({ ...others, ...login }, options);
  open.push(() => provider.close());
  return provider;
}

const form = () => Object.fromEntries(azure.logins.at(-1) ?? []);

describe('a login', () => {
  test('with a client secret asks for the scope of the vault', async () => {
    expect(await readTextOf(opened({ AZURE_CLIENT_SECRET: azurePrincipal.clientSecret }), refTo('db'))).toBe('x');
    expect(form()).toEqual({
      client_id: azurePrincipal.clientId,
      client_secret: azurePrincipal.clientSecret,
      grant_type: 'client_credentials',
      scope: 'https://vault.azure.net/.default',
    });
  });

  test('with a certificate is signed with its key', async () => {
    const subject = ['-subj', '/CN=plugin', '-newkey', 'rsa:2048', '-keyout', 'key.pem', '-out', 'certificate.pem'];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...subject], { cwd: directory, stdio: 'pipe' });
    const certificate = readFileSync(join(directory, 'certificate.pem'), 'utf8');
    const path = join(directory, 'both.pem');
    writeFileSync(path, readFileSync(join(directory, 'key.pem'), 'utf8') + certificate);
    expect(await readTextOf(opened({ AZURE_CLIENT_CERTIFICATE_PATH: path }), refTo('db'))).toBe('x');
    const [header = '', payload = '', signature = ''] = String(form().client_assertion).split('.');
    const { raw, publicKey: key } = new X509Certificate(certificate);
    const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decoded(header)).toMatchObject({
      alg: 'PS256',
      'x5t#S256': createHash('sha256').update(raw).digest('base64url'),
    });
    expect(decoded(payload)).toMatchObject({
      iss: azurePrincipal.clientId,
      aud: `${azure.endpoint}/${azurePrincipal.tenantId}/oauth2/v2.0/token`,
    });
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    const isValid = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, ...padding },
      Buffer.from(signature, 'base64url'),
    );
    expect(isValid).toBe(true);
  });

  test('with a federated token reads its file each time', async () => {
    const path = join(directory, 'token');
    writeFileSync(path, 'first\n');
    const clock = new ShiftedClock();
    const provider = opened({ AZURE_FEDERATED_TOKEN_FILE: path }, { clock });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(form()).toMatchObject({ client_assertion: 'first' });
    writeFileSync(path, 'second\n');
    clock.advance(2 * 3_600_000);
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(form()).toMatchObject({ client_assertion: 'second' });
  });

  test('with an identity of the machine asks its metadata service, for one of several if it is named', async () => {
    const managed = { AZURE_TENANT_ID: undefined, AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.endpoint };
    expect(await readTextOf(opened({ ...managed, AZURE_CLIENT_ID: undefined }), refTo('db'))).toBe('x');
    expect(form()).toEqual({ 'api-version': '2018-02-01', resource: 'https://vault.azure.net' });
    expect(await readTextOf(opened(managed), refTo('db'))).toBe('x');
    expect(form()).toMatchObject({ client_id: azurePrincipal.clientId });
  });

  test('on a machine without an identity says what to set', async () => {
    azure.disturb({ fault: { status: 400, body: { error: 'invalid_request' } }, operation: 'login' });
    const managed = { AZURE_TENANT_ID: undefined, AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.endpoint };
    const error = await vaultErrorOf(opened(managed).secrets.read(refTo('db'), soon()));
    expect(error.code).toBe('UNAUTHENTICATED');
    expect(error.message).toContain('no login is set, and the metadata service of the machine says that it has no');
  });

  test('is renewed before its end, in the background, and at once after a rejection', async () => {
    const clock = new ShiftedClock();
    const provider = opened({ AZURE_CLIENT_SECRET: azurePrincipal.clientSecret }, { clock });
    await readTextOf(provider, refTo('db'));
    await readTextOf(provider, refTo('db'));
    expect(azure.logins.length).toBe(1);
    clock.advance(56 * 60_000);
    await readTextOf(provider, refTo('db'));
    await expect.poll(() => azure.logins.length).toBe(2);
    clock.advance(10_000);
    azure.accept(azurePrincipal.clientSecret);
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(azure.logins.length).toBe(3);
  });

  test('that is rejected is repeated after five seconds, not with each read', async () => {
    const clock = new ShiftedClock();
    const provider = opened({ AZURE_CLIENT_SECRET: 'wrong' }, { clock });
    const errors = [];
    for (let read = 0; read < 3; read++) errors.push(await vaultErrorOf(provider.secrets.read(refTo('db'), soon())));
    expect(azure.logins.length).toBe(1);
    for (const { code, message } of errors) {
      expect(code).toBe('UNAUTHENTICATED');
      expect(message).toContain('the client secret is wrong; set its value (not its id)');
      expect(message).toContain('(AADSTS7000215)');
    }
    clock.advance(5_001);
    await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
    expect(azure.logins.length).toBe(2);
  });

  const CANARY = 'canary-of-the-response';
  test.for<[string, FakeFault, string, string]>([
    ['500', { status: 500, body: { error: CANARY } }, 'UNAVAILABLE', 'answers a login with status 500'],
    ['429', { status: 429, body: CANARY, headers: { 'retry-after': '7' } }, 'RATE_LIMITED', 'throttles the logins'],
    ['garbage', { status: 200, body: `<html>${CANARY}` }, 'UNAVAILABLE', 'without a token'],
    [
      'a redirect',
      { status: 302, body: CANARY, headers: { location: 'http://127.0.0.1:1/' } },
      'UNAVAILABLE',
      'status 302',
    ],
    [
      'another tenant',
      { status: 400, body: { error_codes: [90002], error_description: CANARY } },
      'UNAUTHENTICATED',
      'correct AZURE_TENANT_ID',
    ],
    ['an unknown reason', { status: 400, body: { error_codes: [CANARY] } }, 'UNAUTHENTICATED', 'check AZURE_TENANT_ID'],
    ['a reset', { kind: 'reset' }, 'UNAVAILABLE', "can't be reached"],
    ['too much', { kind: 'endless' }, 'INVALID_PAYLOAD', 'is larger than'],
  ])('that is answered with %s fails, and shows nothing of it', async ([_, fault, code, message]) => {
    azure.disturb({ fault, operation: 'login' });
    const provider = opened({ AZURE_CLIENT_SECRET: azurePrincipal.clientSecret });
    const error = await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
    expect(error).toMatchObject({ code, retryable: true });
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(CANARY);
  });

  test('is reported with its end, and shows no token', async () => {
    const events = new EventBus<ProductEvent>(realClock);
    const seen: ProductEvent[] = [];
    events.subscribe((event) => seen.push(event));
    await readTextOf(opened({ AZURE_CLIENT_SECRET: azurePrincipal.clientSecret }, { events }), refTo('db'));
    expect(seen.map(({ type }) => type)).toEqual([
      'provider.request-completed',
      'provider.login',
      'provider.request-completed',
    ]);
    const [login] = seen.flatMap((event) => (event.type === 'provider.login' ? [event] : []));
    expect((login?.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
  });
});
