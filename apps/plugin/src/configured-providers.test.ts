import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProviderModule, SecretValue } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';
import { builtInProviders } from './providers.ts';

/** A kind that the plugin does not come with. It delivers files of a directory. */
const acme: ProviderModule<{ readonly directory: string }> = {
  kind: 'acme',
  variables: {
    settings: ['ACME_DIR'],
    credentials: ['ACME_TOKEN'],
    defaults: {},
    ownPrefix: 'ACME_',
    libraryFiles: ['ACME_AGENT_FILE'],
  },
  price: { dollarsPerRequest: 0.01, free: [] },
  labels: () => ({ kind: 'acme', names: ['acme_name'], target: () => ({ location: {} }) }),
  parseConfig(environment) {
    environment.credential('ACME_TOKEN');
    const directory = environment.text('ACME_DIR', '/nowhere');
    environment.addDeliveredDirectory({ variable: 'ACME_DIR', path: directory });
    return { directory };
  },
  usesTls: () => true,
  load: async (_, { name }) => ({
    name,
    secrets: { read: async () => ({ value: SecretValue.fromText('value'), revision: '1' }) },
    ...{ probe: null, hints: null, revisions: null, order: null, leases: null, holders: null },
    close: async () => undefined,
  }),
};

/** A kind with nested settings. */
const nested: ProviderModule<readonly string[]> = {
  kind: 'nested',
  price: null,
  usesTls: () => true,
  load: () => Promise.reject(new Error('never loaded')),
  variables: { settings: [], credentials: [], defaults: {}, ownPrefix: null, libraryFiles: [] },
  nestedSettings: { schema: { type: 'object' } },
  labels: () => ({ kind: 'nested', names: ['nested_name'], target: () => ({ location: {} }) }),
  parseConfig(environment) {
    environment.url('url', '');
    return environment.namesBelow('headers').map((name) => {
      const setting = `headers.${name}`;
      return `${name}: ${environment.credentialFile(`${setting}.file`)?.read() ?? environment.text(setting, '')}`;
    });
  },
};

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'configured-providers-'));
  writeFileSync(join(base, 'token'), 'hunter2', { mode: 0o600 });
});
afterAll(() => rmSync(base, { recursive: true }));

async function parse(variables: Readonly<Record<string, string>>, yaml = '') {
  const readFile = (path: string) => (path === '/file.yaml' ? yaml : 'a-credential');
  const file = await readConfigFile(variables, readFile);
  return parseConfiguration({ LEDGER_KEY: 'only-for-tests', ...variables }, readFile, file, [
    ...builtInProviders,
    acme,
    nested,
  ]);
}
const problemsOf = async (...given: Parameters<typeof parse>) => {
  const parsed = await parse(...given);
  return parsed.ok ? [] : parsed.problems.map(({ variable, message }) => `${variable}: ${message}`);
};

test('another kind is named by SECRETS_PROVIDER, and has all that its module says', async () => {
  const parsed = await parse({ SECRETS_PROVIDER: 'acme' });
  if (!parsed.ok) throw new Error('refused');
  const [provider] = parsed.configuration.providers;
  expect(provider).toMatchObject({ kind: 'acme', name: 'acme', price: { dollarsPerRequest: 0.01 }, usesTls: true });
  expect(parsed.configuration.schemes).toMatchObject([{ name: 'acme', scheme: { names: ['acme_name'] } }]);
  expect(parsed.configuration.kinds).toContain('acme');
});

test('without SECRETS_PROVIDER the first kind is meant', async () => {
  const parsed = await parse({ VAULT_TOKEN: 'root' });
  expect(parsed).toMatchObject({ ok: true, configuration: { providers: [{ kind: 'vault' }] } });
});

test('several of another kind are in CONFIG_FILE, with settings of their own', async () => {
  const yaml = 'providers: {eu: {kind: acme, settings: {ACME_DIR: /eu}}, us: {kind: acme}}';
  expect(await parse({ CONFIG_FILE: '/file.yaml', ACME_DIR: '/ours' }, yaml)).toMatchObject({
    ok: true,
    configuration: {
      providers: [
        { kind: 'acme', name: 'eu', config: { directory: '/eu' } },
        { kind: 'acme', name: 'us', config: { directory: '/nowhere' } },
      ],
    },
  });
  const wrong = 'providers: {eu: {kind: acmee}, us: {kind: acme, settings: {ACME_TOKEN: hunter2, ACME_TYPO: x}}}';
  expect(await problemsOf({ CONFIG_FILE: '/file.yaml' }, wrong)).toEqual([
    expect.stringMatching(/^CONFIG_FILE: providers\.eu\.kind: "acmee" must be one of vault, .*, acme, nested$/),
    expect.stringContaining('CONFIG_FILE: providers.us.settings: ACME_TOKEN: is a credential'),
    'CONFIG_FILE: providers.us.settings: ACME_TYPO: is not a setting of the kind acme; remove it',
  ]);
});

test('a variable with its prefix that it does not list causes a warning', async () => {
  const parsed = await parse({ SECRETS_PROVIDER: 'acme', ACME_DRI: '/x', VAULT_TYPO: 'x' });
  if (!parsed.ok) throw new Error('refused');
  expect(parsed.configuration.warnings).toMatchObject([{ code: 'setting-unread', variable: 'ACME_DRI' }]);
});

test("its directory may not contain files of the plugin's own, also those that its library reads", async () => {
  const own = { SECRETS_PROVIDER: 'acme', ACME_DIR: base };
  const file = join(base, 'token');
  expect(await problemsOf({ ...own, ACME_TOKEN_FILE: file })).toEqual([
    expect.stringMatching(/^ACME_DIR: .* contains the file or directory of ACME_TOKEN_FILE/),
  ]);
  expect(await problemsOf({ ...own, ACME_AGENT_FILE: file })).toEqual([
    expect.stringMatching(/^ACME_DIR: .* contains the file or directory of ACME_AGENT_FILE/),
  ]);
  expect(await problemsOf(own)).toEqual([]);
});

test('nested settings of CONFIG_FILE are read by their paths, and each problem names its path', async () => {
  const settings = '{url: https://nested.example, headers: {Accept: text, Token: {file: /token}}}';
  const yaml = `providers: {eu: {kind: nested, settings: ${settings}}}`;
  const given = { CONFIG_FILE: '/file.yaml' };
  expect(await parse(given, yaml)).toMatchObject({
    ok: true,
    configuration: {
      providers: [{ kind: 'nested', config: ['Accept: text', 'Token: a-credential'] }],
      credentials: [{ variable: 'providers.eu.settings.headers.Token.file' }],
    },
  });
  const wrong = '{url: ftp://x, headers: {Accept: {files: /x}, "a.b": c}}';
  expect(await problemsOf(given, `providers: {eu: {kind: nested, settings: ${wrong}}}`)).toEqual([
    expect.stringContaining('CONFIG_FILE: providers.eu.settings.headers.a.b: must be a text, or a mapping'),
  ]);
  const typo = '{url: ftp://x, headers: {Accept: {files: /x}}}';
  expect(await problemsOf(given, `providers: {eu: {kind: nested, settings: ${typo}}}`)).toEqual([
    expect.stringContaining('CONFIG_FILE: providers.eu.settings: url: "ftp://x" must be an address'),
    'CONFIG_FILE: providers.eu.settings: headers.Accept.files: is not a setting of the kind nested; remove it',
  ]);
});

test('a kind with nested settings is refused in SECRETS_PROVIDER, with where to configure it', async () => {
  expect(await problemsOf({ SECRETS_PROVIDER: 'file,nested' })).toEqual([
    'SECRETS_PROVIDER: names nested, which is configured in CONFIG_FILE; remove it here, and add it there',
  ]);
});
