import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

const directory = join(import.meta.dirname, '../test/config/files');
const fixtures = (kind: 'good' | 'bad') =>
  readdirSync(join(directory, kind)).map((name) => join(directory, kind, name));

/** Credentials are in files that only the readers of the fixtures have. */
const readFile = (path: string) => (path.startsWith('/credentials/') ? 'credential\n' : readFileSync(path, 'utf8'));

async function parse(path: string, variables: Readonly<Record<string, string>> = {}) {
  const given = { ...variables, CONFIG_FILE: path };
  return parseConfiguration(given, readFile, await readConfigFile(given, readFile));
}

const twoVaults = join(directory, 'good/two-vaults.yaml');

test.each(fixtures('good'))('takes %s', async (path) => {
  expect(await parse(path)).toMatchObject({ ok: true });
});

// The lines that start with `#!` are what is reported, and nothing else is.
test.each(fixtures('bad'))('refuses %s, and says all that is wrong with it', async (path) => {
  const expected = [...readFileSync(path, 'utf8').matchAll(/^#! (.*)$/gm)].map(([, line]) => line ?? '');
  const parsed = await parse(path);
  const reported = parsed.ok ? [] : parsed.problems.map(({ variable, message }) => `${variable}: ${message}`);
  for (const line of expected) expect(reported).toContainEqual(expect.stringContaining(`CONFIG_FILE: ${line}`));
  expect(reported.length).toBe(expected.length);
  expect(reported.join()).not.toContain('canary"');
});

test('settings are taken over from another provider by a merge key, and what is its own counts more', async () => {
  const parsed = await parse(join(directory, 'good/merged-settings.yaml'));
  if (!parsed.ok) throw new Error('it is refused');
  expect(parsed.configuration.providers.filter(({ kind }) => kind === 'vault')).toMatchObject([
    { config: { address: 'https://vault.example:8200', auth: { method: 'approle' } } },
    { config: { address: 'https://vault.us.example:8200', auth: { method: 'approle' } } },
  ]);
});

test('a file that is not there is a problem', async () => {
  expect(await parse('/nowhere.yaml')).toMatchObject({
    ok: false,
    problems: [{ variable: 'CONFIG_FILE', message: '"/nowhere.yaml" names a file that does not exist' }],
  });
});

test('providers of the file are named as there, the first is the default, and each has its own settings', async () => {
  const parsed = await parse(twoVaults);
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.providers).toMatchObject([
    { kind: 'vault', name: 'vault-eu', config: { address: 'https://vault.eu.example:8200', mount: 'secret' } },
    { kind: 'vault', name: 'vault-us', config: { address: 'https://vault.us.example:8200', mount: 'kv' } },
    { kind: 'file', name: 'files' },
  ]);
  expect(parsed.configuration.schemes.map(({ name }) => name)).toEqual(['vault-eu', 'vault-us', 'files']);
});

test('those of SECRETS_PROVIDER come first, and their names are taken', async () => {
  const parsed = await parse(twoVaults, { SECRETS_PROVIDER: 'vault', VAULT_TOKEN: 'root' });
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.providers.map(({ name }) => name)).toEqual(['vault', 'vault-eu', 'vault-us', 'files']);
});

test('a variable of the environment is no setting of a provider of the file', async () => {
  const parsed = await parse(twoVaults, { VAULT_NAMESPACE: 'team-a' });
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.providers[0]).not.toMatchObject({ config: { namespace: 'team-a' } });
});

test('a dangerous setting of a provider of the file is a warning that names the provider', async () => {
  const yaml =
    'providers: {eu: {kind: vault, settings: {VAULT_ADDR: "http://eu:8200", VAULT_TOKEN_FILE: /credentials/eu}}}';
  const read = (path: string) => (path === '/file.yaml' ? yaml : 'credential');
  const given = { CONFIG_FILE: '/file.yaml', LEDGER_KEY: 'only-for-tests' };
  const parsed = parseConfiguration(given, read, await readConfigFile(given, read));
  expect(parsed).toMatchObject({
    ok: true,
    configuration: {
      warnings: [
        {
          code: 'plain-http',
          variable: 'CONFIG_FILE',
          message: expect.stringMatching(/^providers\.eu\.settings: VAULT_ADDR: /),
        },
      ],
    },
  });
});

test('an account of AWS is not asked at an address of the environment, which its SDK would take', async () => {
  const path = join(directory, 'good/aws-accounts.yaml');
  expect(await parse(path)).toMatchObject({ ok: true });
  expect(await parse(path, { AWS_ENDPOINT_URL: 'http://127.0.0.1:5000' })).toMatchObject({
    ok: false,
    problems: [
      {
        message: expect.stringContaining(
          "providers.elsewhere.settings: AWS_ENDPOINT_URL: of the process's environment",
        ),
      },
    ],
  });
});

test.each([
  [
    'aliases of aliases',
    `a: &a [x]\n${'bcdefghij'.replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
    'it has more than 10000 values',
  ],
  ['an alias of itself', 'providers: &a {x: *a}', 'it is not readable YAML'],
  [
    'a hundred thousand keys',
    Array.from({ length: 100_000 }, (_, index) => `k${index}: v\n`).join(''),
    'it has more than 10000 values',
  ],
  ['brackets', `providers: ${'['.repeat(100_000)}`, 'it is not YAML: resource exhaustion in line 1'],
  ['a name twice', 'providers: {}\nproviders: {}', 'it is not YAML: duplicate key in line 2'],
])('a file of %s is one problem', async (_what, text, message) => {
  const given = { CONFIG_FILE: '/file.yaml' };
  const file = await readConfigFile(given, () => text);
  expect(file).toMatchObject({ entries: [], problems: [{ where: '', message }] });
});

test('a file with only an access policy leaves the providers to the environment', async () => {
  const yaml = 'access: {mode: report, rules: [{grant: {vault: ["**"]}}, {grant: {vault: ["secret/*"]}}]}';
  const read = (path: string) => (path === '/file.yaml' ? yaml : 'credential');
  const given = {
    CONFIG_FILE: '/file.yaml',
    VAULT_TOKEN: 'root',
    VAULT_ADDR: 'https://vault',
    LEDGER_KEY: 'for-tests',
  };
  const parsed = parseConfiguration(given, read, await readConfigFile(given, read));
  if (!parsed.ok) throw new Error('refused');
  const { providers, access, warnings } = parsed.configuration;
  expect(providers.map(({ name }) => name)).toEqual(['vault']);
  expect(access.policy.rules).toHaveLength(2);
  expect(warnings).toEqual([
    {
      code: 'access-rule-unreachable',
      variable: 'CONFIG_FILE',
      message: 'access.rules.2 grants nothing that rule 1 does not grant to the same services; correct or remove it',
    },
    { code: 'access-not-enforced', variable: 'CONFIG_FILE', message: expect.stringContaining('nothing is denied') },
  ]);
});

test('names of the language itself are names like others', async () => {
  const text = 'providers: {__proto__: {kind: file}, constructor: {kind: file, __proto__: {a: b}}}';
  const { entries, problems } = await readConfigFile({ CONFIG_FILE: '/file.yaml' }, () => text);
  expect(entries.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
  expect(problems.map(({ where }) => where)).toEqual(['providers.__proto__', 'providers.constructor.__proto__']);
});

test('a file of another kind has its first problems listed, and the others counted', async () => {
  const text = Array.from({ length: 1_000 }, (_, index) => `key-${index}: v\n`).join('');
  const { problems } = await readConfigFile({ CONFIG_FILE: '/file.yaml' }, () => text);
  expect(problems).toHaveLength(51);
  expect(problems.at(-1)?.message).toBe('has 950 more problems');
});

test('a hook and a receiver with a wrong name have their other problems listed too', async () => {
  const yaml = `
hooks: [{name: a b, provider: aws, kind: odd, secret_file: /nowhere}]
notifications: [{name: c d, url: here, secret_file: /nowhere, events: [odd]}]
`;
  const read = (path: string) => {
    if (path === '/file.yaml') return yaml;
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  };
  const given = { CONFIG_FILE: '/file.yaml', VAULT_TOKEN: 'root', LEDGER_KEY: 'for-tests' };
  const parsed = parseConfiguration(given, read, await readConfigFile(given, read));
  if (parsed.ok) throw new Error('accepted');
  expect(parsed.problems.map(({ message }) => message)).toEqual(
    [
      'hooks[0].name: "a b" must be up to 64 of ',
      'notifications[0].name: "c d" must be up to 64 of ',
      'hooks.a b.kind: "odd" must be one of ',
      'hooks.a b.provider: "aws" must be a configured provider: vault',
      'hooks.a b.secret_file: "/nowhere" names a file that does not exist',
      'notifications.c d.url: "here" must be an address',
      'notifications.c d.secret_file: "/nowhere" names a file that does not exist',
      'notifications.c d.events: "odd" must be some of ',
    ].map((start) => expect.stringContaining(start)),
  );
});

test('a file with hooks alone leaves the providers to SECRETS_PROVIDER', async () => {
  const yaml = 'hooks: [{name: audit, provider: vault, kind: bearer, secret_file: /credentials/audit}]';
  const read = (path: string) => (path === '/file.yaml' ? yaml : 'credential-of-a-hook');
  const given = { CONFIG_FILE: '/file.yaml', VAULT_TOKEN: 'root' };
  const parsed = parseConfiguration(given, read, await readConfigFile(given, read));
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.providers.map(({ name }) => name)).toEqual(['vault']);
  expect(parsed.configuration.hooks).toMatchObject([{ name: 'audit', provider: 'vault', kind: 'bearer' }]);
  expect(parsed.configuration.ownFiles).toContainEqual({
    ...{ variable: 'hooks.audit.secret_file', path: '/credentials/audit', kind: 'credential' },
  });
});

test('hooks without the monitoring port have no effect, which is a warning', async () => {
  const path = join(directory, 'good/hooks.yaml');
  const parsed = await parse(path, { ENABLE_MONITORING: 'false' });
  expect(parsed).toMatchObject({ ok: true });
  expect(parsed.ok && parsed.configuration.warnings).toContainEqual({
    ...{ code: 'setting-ignored', variable: 'CONFIG_FILE' },
    message: expect.stringMatching(/^hooks have no effect/),
  });
});
