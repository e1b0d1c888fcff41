import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@vault-swarm/kernel';
import { type AwsFake, startAwsFake } from '@vault-swarm/lab';
import { ownTimeOf, ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

const HOUR_MS = 3_600_000;

let aws: AwsFake;
let clock: ShiftedClock;
let machine: Server;
let address: string;
/** What the machine answers for each path; nothing where it is not there. */
let answers: Map<string, () => object | string>;
let asked: string[];

beforeEach(async () => {
  aws = await startAwsFake();
  aws.secrets().write('db', { SecretString: 'x' });
  clock = new ShiftedClock();
  answers = new Map();
  asked = [];
  machine = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '')?.();
    response.statusCode = answer === undefined ? 500 : 200;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => machine.listen(0, '127.0.0.1', resolve));
  const at = machine.address();
  address = `http://127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  machine.closeAllConnections();
  machine.close();
  await aws.stop();
});

function provider() {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = variablesFor(aws.endpoint);
  // No profile of the one who runs the test.
  const none = { AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' };
  return providerOf({ ...nobody, ...none }, { clock });
}

const keys = (id: string, livesMs: number) => ({
  Code: 'Success',
  Type: 'AWS-HMAC',
  LastUpdated: new Date(clock.now()).toISOString(),
  AccessKeyId: id,
  SecretAccessKey: 'secret',
  Token: 'token',
  Expiration: new Date(clock.now() + livesMs).toISOString(),
});

test('the identity of a container is used, and renewed before it ends', async () => {
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${address}/container`);
  answers.set('/container', () => keys('AKIAFIRST', HOUR_MS));
  aws.accept('AKIAFIRST');
  const own = provider();
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  expect(asked).toEqual(['/container']);
  clock.advance(56 * 60_000);
  answers.set('/container', () => keys('AKIASECOND', HOUR_MS));
  aws.accept('AKIAFIRST', 'AKIASECOND');
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  await expect.poll(() => asked.length).toBe(2);
  aws.accept('AKIASECOND');
  await expect.poll(() => readTextOf(own, refTo('db')).catch(String)).toBe('x');
  await own.close();
});

test('an identity that is still good is used at once while its source fails', { timeout: 20_000 }, async () => {
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${address}/container`);
  answers.set('/container', () => keys('AKIAFIRST', HOUR_MS));
  const own = provider();
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  answers.clear();
  clock.advance(57 * 60_000);
  const text = readTextOf(own, refTo('db'));
  expect(await ownTimeOf(() => text)).toBeLessThan(1_000);
  expect(await text).toBe('x');
  clock.advance(4 * 60_000);
  expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
  await own.close();
});

test('an identity that is rejected before it expires is requested again', async () => {
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${address}/container`);
  answers.set('/container', () => keys('AKIAFIRST', HOUR_MS));
  const own = provider();
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  answers.set('/container', () => keys('AKIASECOND', HOUR_MS));
  aws.accept('AKIASECOND');
  clock.advance(6_000);
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  await own.close();
});

test('the role of an instance is used', async () => {
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', address);
  const path = '/latest/meta-data/iam/security-credentials/';
  answers.set('/latest/api/token', () => 'session');
  answers.set(path, () => 'swarm-manager');
  answers.set(`${path}swarm-manager`, () => keys('AKIAINSTANCE', HOUR_MS));
  aws.accept('AKIAINSTANCE');
  const own = provider();
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  await own.close();
});

test('a service that gives out roles and does not answer is given up, and asked again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aws-token-'));
  await writeFile(join(directory, 'token'), 'a.b.c');
  let hangs = true;
  const roles = createServer((_request, response) => {
    if (hangs) return;
    const credentials = `<AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
      <Expiration>${new Date(Date.now() + HOUR_MS).toISOString()}</Expiration>`;
    response.setHeader('content-type', 'text/xml');
    response.end(`<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>${credentials}
      </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`);
  });
  await new Promise<void>((resolve) => roles.listen(0, '127.0.0.1', resolve));
  const at = roles.address();
  // Timers end twenty times as soon.
  const hasty: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, callback) => clock.after(delayMs / 20, callback),
  };
  const own = providerOf(
    {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.endpoint,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'token'),
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/swarm',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CONFIG_FILE: '/dev/null',
    },
    { clock: hasty },
  );
  expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAVAILABLE' });
  hangs = false;
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  await own.close();
  roles.closeAllConnections();
  roles.close();
  await rm(directory, { recursive: true });
});

test('the region is that of the profile if none is given', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aws-profile-'));
  const file = join(directory, 'config');
  const profile = '[profile prod]\nregion = eu-west-1\naws_access_key_id = AKIA\naws_secret_access_key = secret\n';
  await writeFile(file, `${profile}[profile none]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  const settings = { AWS_ENDPOINT_URL: aws.endpoint, AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  const own = providerOf({ ...settings, AWS_PROFILE: 'prod' }, { clock });
  expect(await readTextOf(own, refTo('db'))).toBe('x');
  expect((await probeAll(own, refTo('db')))[0]).toMatchObject({ kind: 'marker' });
  await own.close();
  const nowhere = providerOf({ ...settings, AWS_PROFILE: 'none' }, { clock });
  expect(await vaultErrorOf(nowhere.secrets.read(refTo('db'), soon()))).toMatchObject({
    code: 'INVALID_REF',
    message: 'aws db: no region is known; set AWS_REGION',
  });
  await nowhere.close();
  await rm(directory, { recursive: true });
});

test("another instance's keys, token and profile in the environment are not ours", async () => {
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAOTHER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_PROFILE', 'other');
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', '/dev/null');
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/other');
  const own = provider();
  expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(aws.counts().calls).toBe(0);
  await own.close();
});

test('if there is none, the error says what to give', async () => {
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  const own = provider();
  expect(await vaultErrorOf(own.secrets.read(refTo('db'), soon()))).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('there are no credentials; set AWS_ACCESS_KEY_ID'),
  });
  expect(aws.counts().calls).toBe(0);
  await own.close();
});
