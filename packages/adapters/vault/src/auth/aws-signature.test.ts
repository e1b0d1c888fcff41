import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import { startTokenService, type TokenService } from '../testing/token-service.ts';
import { findIdentity, signCallerIdentity } from './aws-signature.ts';

let service: TokenService;
let directory: string;

beforeEach(async () => {
  service = await startTokenService();
  directory = mkdtempSync(join(tmpdir(), 'aws-signature-'));
  // Nothing of this machine's own.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await service.close();
  rmSync(directory, { recursive: true });
});

const decoded = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString('utf8');

/** Sends what Vault would send, and gives the status. */
async function send(signed: Readonly<Record<string, string>>): Promise<number> {
  const { host: _, 'content-length': __, ...headers } = JSON.parse(decoded(signed.iam_request_headers));
  const { request } = await import('undici');
  const { statusCode } = await request(service.address, {
    method: 'POST',
    body: decoded(signed.iam_request_body),
    headers: { ...headers, host: new URL(decoded(signed.iam_request_url)).host },
  });
  return statusCode;
}

test.each([
  ['us-east-1', 'https://sts.amazonaws.com/'],
  ['eu-central-1', 'https://sts.eu-central-1.amazonaws.com/'],
  ['cn-north-1', 'https://sts.cn-north-1.amazonaws.com.cn/'],
])('a question in %s is signed for %s, with the session token', async (region, url) => {
  service.keys.set('ASIAEXAMPLE', { secret: 'a/secret+key', arn: 'arn:aws:iam::123456789012:user/swarm' });
  const identity = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'a/secret+key', sessionToken: 'of the session' };
  const signed = await signCallerIdentity(identity, { region, serverId: 'vault.example' });
  expect(decoded(signed.iam_request_url)).toBe(url);
  expect(await send(signed)).toBe(200);
  expect(service.sessionTokens).toEqual(['of the session']);
  const wrong = await signCallerIdentity({ ...identity, secretAccessKey: 'another' }, { region, serverId: undefined });
  expect(await send(wrong)).toBe(403);
  expect(JSON.stringify(signed)).not.toContain(Buffer.from('a/secret+key').toString('base64'));
});

test('an identity is found in the files that the settings name, and never in the environment', async () => {
  const credentialsFile = join(directory, 'credentials');
  const configFile = join(directory, 'config');
  const key = (id: string) => `aws_access_key_id = ${id}\naws_secret_access_key = s\n`;
  writeFileSync(credentialsFile, `[default]\n${key('AKIADEFAULT')}[swarm]\n${key('AKIASWARM')}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENVIRONMENT');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
  vi.stubEnv('AWS_PROFILE', 'another');
  const sources = {
    credentialsFile,
    configFile,
    profile: undefined,
    webIdentityTokenFile: undefined,
    roleArn: undefined,
  };
  expect(await findIdentity(sources)).toMatchObject({ accessKeyId: 'AKIADEFAULT' });
  expect(await findIdentity({ ...sources, profile: 'swarm' })).toMatchObject({ accessKeyId: 'AKIASWARM' });
  writeFileSync(credentialsFile, `[default]\n${key('AKIAREPLACED')}`);
  expect(await findIdentity(sources)).toMatchObject({ accessKeyId: 'AKIAREPLACED' });
});

test('a login without any identity says what to give', async () => {
  const files = { AWS_CONFIG_FILE: join(directory, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none') };
  const instance = providerOf({ VAULT_AUTH_METHOD: 'aws', VAULT_ADDR: 'http://127.0.0.1:9', ...files });
  expect(await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role'),
  });
  await instance.close();
});
