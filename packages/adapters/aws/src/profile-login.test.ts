import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AwsFake, startAwsFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';

const HOUR_MS = 3_600_000;

let aws: AwsFake;
let home: string;
let clock: ShiftedClock;
/** The sign-in portal of IAM Identity Center, as much of it as gives out keys. */
let portal: Server;
let asked: { readonly path: string; readonly token: unknown }[];

beforeEach(async () => {
  aws = await startAwsFake();
  aws.secrets().write('db', { SecretString: 'x' });
  home = await mkdtemp(join(tmpdir(), 'aws-home-'));
  clock = new ShiftedClock();
  asked = [];
  portal = createServer(({ url = '', headers }: IncomingMessage, answer) => {
    asked.push({ path: url, token: headers['x-amz-sso_bearer_token'] });
    const expiration = Date.now() + HOUR_MS;
    const roleCredentials = { accessKeyId: 'AKIASSO', secretAccessKey: 's', sessionToken: 't', expiration };
    answer.setHeader('content-type', 'application/json').end(JSON.stringify({ roleCredentials }));
  }).listen(0, '127.0.0.1');
  await once(portal, 'listening');
  // The tokens of `aws sso login` are looked for below the home directory alone.
  vi.stubEnv('HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  portal.closeAllConnections();
  portal.close();
  await aws.stop();
  await rm(home, { recursive: true });
});

/** A provider with this profile in a file that the environment of the process does not name. */
async function withProfile(profile: string, settings: Variables = {}) {
  const file = join(home, 'of-this-instance');
  await writeFile(file, profile);
  return providerOf(
    {
      AWS_PROFILE: 'prod',
      AWS_CONFIG_FILE: file,
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.endpoint,
      AWS_REGION: 'eu-west-1',
      ...settings,
    },
    { clock },
  );
}

/** What `aws sso login` leaves behind, under the name of the session or the start address. */
async function signedIn(name: string, livesMs: number): Promise<void> {
  const cache = join(home, '.aws/sso/cache');
  await mkdir(cache, { recursive: true });
  const token = { accessToken: 'token of a person', expiresAt: new Date(Date.now() + livesMs).toISOString() };
  await writeFile(join(cache, `${createHash('sha1').update(name).digest('hex')}.json`), JSON.stringify(token));
}

const portalAt = () => `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
const ROLE = 'sso_account_id = 123456789012\nsso_role_name = swarm\n';
const WHERE = 'sso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n';

test.for([
  ['a session', 'session', `[profile prod]\nsso_session = session\n${ROLE}[sso-session session]\n${WHERE}`],
  ['a profile of its own', 'https://example.awsapps.com/start', `[profile prod]\n${ROLE}${WHERE}`],
] as const)(
  'keys are had with the token of a sign-in for %s, in whatever file it stands',
  async ([, name, profile]) => {
    await signedIn(name, HOUR_MS);
    aws.accept('AKIASSO');
    const provider = await withProfile(profile, { AWS_ENDPOINT_URL: portalAt() });
    expect(await readTextOf(provider, refTo('db'))).toBe('x');
    expect(asked).toEqual([
      {
        path: '/federation/credentials?account_id=123456789012&role_name=swarm',
        token: 'token of a person',
      },
    ]);
    await provider.close();
  },
);

test('the address of the service that gives out roles is none of a sign-in, nor is the region of the secrets', async () => {
  await signedIn('session', HOUR_MS);
  const requests: string[] = [];
  const proxy = createServer().on('connect', ({ url }: IncomingMessage, socket) => {
    requests.push(url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const provider = await withProfile(`[profile prod]\nsso_session = session\n${ROLE}[sso-session session]\n${WHERE}`, {
    AWS_ENDPOINT_URL_STS: portalAt(),
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
  expect(new Set(requests)).toEqual(new Set(['portal.sso.us-east-1.amazonaws.com:443']));
  expect(asked).toEqual([]);
  await provider.close();
  proxy.closeAllConnections();
  proxy.close();
});

test('a sign-in that is over gives no keys', async () => {
  await signedIn('https://example.awsapps.com/start', -HOUR_MS);
  const provider = await withProfile(`[profile prod]\n${ROLE}${WHERE}`, { AWS_ENDPOINT_URL: portalAt() });
  expect(await vaultErrorOf(provider.secrets.read(refTo('db'), soon()))).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(asked).toEqual([]);
  await provider.close();
});

test('a program gives keys, and is run again before they end', async () => {
  const program = join(home, 'program.mjs');
  const identity = join(home, 'identity.json');
  const gives = (AccessKeyId: string, livesMs: number) => {
    const Expiration = new Date(clock.now() + livesMs).toISOString();
    return writeFile(identity, JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey: 's', Expiration }));
  };
  await writeFile(
    program,
    `import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('${identity}', 'utf8'));\n`,
  );
  await gives('AKIAFIRST', HOUR_MS);
  aws.accept('AKIAFIRST');
  const provider = await withProfile(`[profile prod]\ncredential_process = "${process.execPath}" "${program}"\n`);
  expect(await readTextOf(provider, refTo('db'))).toBe('x');
  clock.advance(56 * 60_000);
  await gives('AKIASECOND', HOUR_MS);
  aws.accept('AKIAFIRST', 'AKIASECOND');
  expect(await readTextOf(provider, refTo('db'))).toBe('x');
  aws.accept('AKIASECOND');
  await expect.poll(() => readTextOf(provider, refTo('db')).catch(String)).toBe('x');
  await provider.close();
});

test('a program that fails, or gives what is none, leaves us without keys, and nothing of what it says is shown', async () => {
  for (const command of ['echo a-secret-thing >&2; exit 1', 'echo a-secret-thing']) {
    const provider = await withProfile(`[profile prod]\ncredential_process = ${command}\n`);
    const failure = await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
    expect(failure).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(JSON.stringify(failure)).not.toContain('a-secret-thing');
    await provider.close();
  }
});
