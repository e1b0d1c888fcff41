import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { parseConfiguration } from './configuration.ts';

const directory = join(import.meta.dirname, '../test/config');
const fixtures = (kind: 'good' | 'bad') =>
  readdirSync(join(directory, kind)).map((name) => [name, readFileSync(join(directory, kind, name), 'utf8')] as const);

const parse = (text: string) => parseConfiguration(parseEnv(text), (path) => readFileSync(path, 'utf8'));

/** A token, and a ledger key, without which there is a warning. */
const PLAIN = 'VAULT_TOKEN=root\nLEDGER_KEY=only-for-tests';

test.each(fixtures('good'))('takes good/%s', (_name, text) => {
  expect(parse(text)).toMatchObject({ ok: true });
});

// The lines that start with `#!` are what is reported, in this order or another, and nothing else is.
test.each(fixtures('bad'))('refuses bad/%s, and says all that is wrong with it', (_name, text) => {
  const expected = [...text.matchAll(/^#! (.*)$/gm)].map(([, line]) => line ?? '');
  const parsed = parse(text);
  const reported = parsed.ok ? [] : parsed.problems.map(({ variable, message }) => `${variable}: ${message}`);
  for (const line of expected) expect(reported).toContainEqual(expect.stringContaining(line));
  expect(reported.length).toBe(expected.length);
  expect(reported.join()).not.toContain('canary"');
});

test('has the defaults of the reference', () => {
  const parsed = parse(PLAIN);
  if (!parsed.ok) throw new Error('refused');
  const { configuration } = parsed;
  expect(configuration).toMatchObject({
    pluginName: 'vault-secrets-plugin',
    socketPath: '/run/docker/plugins/vault-secrets-plugin.sock',
    rotation: { enabled: true, intervalMs: 10_000, maxParallel: 5, maxParallelLimit: 50, stuckAfterMs: 600_000 },
    delivery: {
      deadlineMs: 2_000,
      cacheMaxAgeMs: 10_000,
      staleIfErrorMs: 86_400_000,
      staleIfUnauthenticatedMs: 3_600_000,
    },
    docker: { kind: 'unix', socketPath: '/var/run/docker.sock' },
    monitoring: { enabled: true, host: '127.0.0.1', port: 8080, allowAnonymous: false },
    logging: { level: 'info', format: 'json' },
    warnings: [],
  });
  expect(configuration.providers).toMatchObject([
    { kind: 'vault', config: { address: 'http://127.0.0.1:8200', mount: 'secret' } },
  ]);
});

test('takes the interval by either name, and warns if both are given', () => {
  const named = parse(`${PLAIN}\nROTATION_INTERVAL=3s`);
  const both = parse(`${PLAIN}\nROTATION_INTERVAL=3s\nVAULT_ROTATION_INTERVAL=4s`);
  if (!named.ok || !both.ok) throw new Error('refused');
  expect([named.configuration.rotation.intervalMs, both.configuration.rotation.intervalMs]).toEqual([3_000, 4_000]);
  expect(both.configuration.warnings).toMatchObject([{ code: 'setting-ignored', variable: 'ROTATION_INTERVAL' }]);
});

test('warns of every variable that has no effect, and of none that is for others', () => {
  const given = [
    PLAIN,
    'VAULT_CACRT=/ca.pem',
    'VAULT_MAX_RETRIES=5',
    'MONITORING_TOKN=canary',
    'DOCKER_CONTEXT=prod',
    // Of the command line, not given, of a provider that is not configured, and of other programs.
    'VAULT_SWARM_URL=http://127.0.0.1:8080',
    'VAULT_FORMAT=',
    'OPENBAO_TYPO=x',
    'AWS_MAX_ATTEMPTS=5',
    'DOCKER_BUILDKIT=1',
    'PATH=/bin',
  ];
  const parsed = parse(given.join('\n'));
  if (!parsed.ok) throw new Error('refused');
  const { warnings } = parsed.configuration;
  expect(warnings.map(({ variable }) => variable).sort()).toEqual([
    'DOCKER_CONTEXT',
    'MONITORING_TOKN',
    'VAULT_CACRT',
    'VAULT_MAX_RETRIES',
  ]);
  expect(warnings.every(({ code, message }) => code === 'setting-unread' && message.includes('is not read'))).toBe(
    true,
  );
  expect(JSON.stringify(warnings)).not.toContain('canary');
});

test('the first of several providers is the default of secrets without a provider label', () => {
  const parsed = parse('SECRETS_PROVIDER=file,vault\nVAULT_TOKEN=root');
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.schemes.map(({ name }) => name)).toEqual(['file', 'vault']);
});

test.each([
  ['VAULT_ADDR=http://vault.example:8200', 'plain-http', 'VAULT_ADDR'],
  ['VAULT_ADDR=https://vault.example:8200\nVAULT_SKIP_VERIFY=true', 'certificate-not-verified', 'VAULT_SKIP_VERIFY'],
  ['SECRETS_PROVIDER=openbao\nOPENBAO_TOKEN=x\nOPENBAO_ADDR=http://bao:8200', 'plain-http', 'OPENBAO_ADDR'],
  ['SECRETS_PROVIDER=aws\nAWS_REGION=eu-west-1\nAWS_ENDPOINT_URL=http://aws:4566', 'plain-http', 'AWS_ENDPOINT_URL'],
  ['DOCKER_HOST=tcp://127.0.0.1:2375', 'docker-without-tls', 'DOCKER_HOST'],
  [
    'MONITORING_HOST=0.0.0.0\nMONITORING_ALLOW_ANONYMOUS=true\nMONITORING_ALLOWED_HOSTS=manager-1',
    'anonymous-monitoring',
    'MONITORING_HOST',
  ],
  ['NODE_TLS_REJECT_UNAUTHORIZED=0', 'certificate-not-verified', 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ['MONITORING_TOKEN=short', 'short-token', 'MONITORING_TOKEN'],
  ['LEDGER_KEY=', 'ledger-key-in-ledger', 'LEDGER_KEY'],
  ['LEDGER_ACCEPT_UNSIGNED=true', 'unsigned-ledger-accepted', 'LEDGER_ACCEPT_UNSIGNED'],
])('starts with %j, and warns with %s', (text, code, variable) => {
  const parsed = parse(`${PLAIN}\n${text}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  expect(parsed.configuration.warnings).toMatchObject([{ code, variable }]);
});

test.each([
  'VAULT_ADDR=http://localhost:8200',
  'VAULT_ADDR=https://vault.example:8200',
  'SECRETS_PROVIDER=aws\nAWS_REGION=eu-west-1\nAWS_ENDPOINT_URL=http://127.0.0.1:4566',
  'MONITORING_ALLOW_ANONYMOUS=true',
  'ENABLE_MONITORING=false\nMONITORING_HOST=0.0.0.0',
])('does not warn of %j', (text) => {
  expect(parse(`${PLAIN}\n${text}`)).toMatchObject({ ok: true, configuration: { warnings: [] } });
});

test.each([
  ['', 3_600_000],
  ['STALE_IF_ERROR=0s', 0],
  ['STALE_IF_ERROR=1m', 60_000],
  ['STALE_IF_ERROR=0s\nSTALE_IF_UNAUTHENTICATED=2h', 7_200_000],
])('with %j a value is given for %i ms while the login is refused', (text, staleIfUnauthenticatedMs) => {
  expect(parse(`${PLAIN}\n${text}`)).toMatchObject({ configuration: { delivery: { staleIfUnauthenticatedMs } } });
});

const approle = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'id' };
const userpass = { VAULT_AUTH_METHOD: 'userpass', VAULT_USERNAME: 'user', VAULT_PASSWORD: 'password' };
const jwt = { VAULT_AUTH_METHOD: 'jwt', VAULT_JWT: 'a.b.c' };
const awsKeys = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };
const onAws = { SECRETS_PROVIDER: 'aws', ...awsKeys };
const proxied = { VAULT_ADDR: 'https://vault.example', VAULT_TOKEN: 'root' };

test.each<[string, Record<string, string>]>([
  ['VAULT_TOKEN', { VAULT_TOKEN: 'hvs.canary\nsecond' }],
  ['VAULT_TOKEN', { VAULT_TOKEN: 'hvs.canarü' }],
  ['VAULT_NAMESPACE', { VAULT_TOKEN: 'root', VAULT_NAMESPACE: 'team\r\nX-Evil: 1' }],
  ['VAULT_ROLE_ID', { ...approle, VAULT_ROLE_ID: 'role\n' }],
  ['VAULT_SECRET_ID', { ...approle, VAULT_SECRET_ID: 'canary\nsecond' }],
  [
    'VAULT_SECRET_ID',
    {
      ...approle,
      VAULT_SECRET_ID: 'hvs.canary wrapped',
      VAULT_SECRET_ID_WRAPPING_PATH: 'auth/approle/role/r/secret-id',
    },
  ],
  ['VAULT_JWT', { ...jwt, VAULT_JWT: 'canary\tjwt' }],
  ['VAULT_JWT_ROLE', { ...jwt, VAULT_JWT_ROLE: 'role\u0000' }],
  ['VAULT_USERNAME', { ...userpass, VAULT_USERNAME: 'user\n' }],
  ['VAULT_PASSWORD', { ...userpass, VAULT_PASSWORD: 'canary\u0007' }],
  ['VAULT_PASSWORD', { ...userpass, VAULT_PASSWORD: 'canary\ud800' }],
  ['AWS_ACCESS_KEY_ID', { ...onAws, AWS_ACCESS_KEY_ID: 'AKIA\ncanary' }],
  ['AWS_SECRET_ACCESS_KEY', { ...onAws, AWS_SECRET_ACCESS_KEY: 'canary\n' }],
  ['AWS_SESSION_TOKEN', { ...onAws, AWS_SESSION_TOKEN: 'canary\r\nX-Evil: 1' }],
  ['AWS_ACCESS_KEY_ID', { VAULT_AUTH_METHOD: 'aws', ...awsKeys, AWS_ACCESS_KEY_ID: 'AKIA\ncanary' }],
  ['VAULT_AWS_ROLE', { VAULT_AUTH_METHOD: 'aws', ...awsKeys, VAULT_AWS_ROLE: 'role\n' }],
  ['VAULT_AWS_SERVER_ID', { VAULT_AUTH_METHOD: 'aws', ...awsKeys, VAULT_AWS_SERVER_ID: 'größe' }],
  ['MONITORING_TOKEN', { VAULT_TOKEN: 'root', MONITORING_TOKEN: 'canary-canary-canary\n' }],
  ['MONITORING_VIEW_TOKEN', { VAULT_TOKEN: 'root', MONITORING_VIEW_TOKEN: 'canary-canary canary' }],
  ['HTTPS_PROXY', { ...proxied, HTTPS_PROXY: 'http://user:can%0Aary@proxy:3128' }],
  ['VAULT_PROXY_ADDR', { ...proxied, VAULT_PROXY_ADDR: 'http://user:100%canary@proxy:3128' }],
])('refuses a %s that can not be sent, and does not show it: %j', (variable, given) => {
  const parsed = parseConfiguration(given, () => '');
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems.map((problem) => problem.variable)).toEqual([variable]);
  expect(JSON.stringify(problems)).not.toContain('canary');
});

test.each<Record<string, string>>([
  { ...userpass, VAULT_PASSWORD: 'пароль with spaces, é and 🐙' },
  { ...userpass, VAULT_USERNAME: 'Jürgen Müller' },
  { ...approle, VAULT_SECRET_ID: 'of our own, geheim' },
  { ...proxied, HTTPS_PROXY: 'http://user:p%C3%A4ss%25@proxy:3128' },
])('takes what can be sent: %j', (given) => {
  expect(parseConfiguration(given, () => '')).toMatchObject({ ok: true });
});

test('a file with two lines is rejected with its path if only one can be sent', () => {
  const parsed = parseConfiguration({ VAULT_TOKEN_FILE: '/run/token' }, () => 'canary\nsecond\n');
  expect(parsed).toMatchObject({
    ok: false,
    problems: [
      {
        variable: 'VAULT_TOKEN_FILE',
        message: expect.stringMatching(/^"\/run\/token" names a file that must be of visible/),
      },
    ],
  });
});
