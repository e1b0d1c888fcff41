import { expect, test } from 'vitest';
import type { ManagedPlugin } from './engine.ts';
import { checkManagedSettings } from './managed-settings.ts';

const managed = (env: Readonly<Record<string, string>>, changes: Partial<ManagedPlugin> = {}): ManagedPlugin => ({
  Id: 'id',
  Name: 'vault-secrets-plugin:latest',
  Enabled: false,
  Settings: {
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Mounts: [{ Name: 'credentials', Source: '/etc/vault-swarm' }],
  },
  ...changes,
});

/** The files of the host, and those that were asked for. */
const files = (known: Readonly<Record<string, string>>) => (path: string) => {
  const text = known[path];
  if (text === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT', path });
  return text;
};
const messages = (found: Awaited<ReturnType<typeof checkManagedSettings>>) => found.map(({ message }) => message);

test('the settings of a disabled plugin are checked, with the files of the host', async () => {
  const env = { VAULT_ADDR: 'https://vault:8200', VAULT_TOKEN_FILE: '/run/vault-swarm/token', LOG_LEVEL: '' };
  expect(await checkManagedSettings(managed(env), files({ '/etc/vault-swarm/token': 'hvs.x' }))).toEqual([]);
  const [missing] = await checkManagedSettings(
    managed({ ...env, VAULT_TOKEN_FILE: '/etc/vault-swarm/token' }),
    files({}),
  );
  expect(missing?.message).toContain('VAULT_TOKEN_FILE');
  expect(missing?.fix).toContain('docker plugin set vault-secrets-plugin:latest VAULT_TOKEN_FILE=…');
});

test('each wrong setting is named', async () => {
  const env = { VAULT_ADDR: 'vault:8200', VAULT_TOKEN: 'x', LOG_LEVEL: 'loud' };
  expect(messages(await checkManagedSettings(managed(env), files({})))).toEqual([
    expect.stringContaining('its setting VAULT_ADDR: '),
    expect.stringContaining('its setting LOG_LEVEL: '),
  ]);
});

test('a name that differs from the name of the managed plugin is found, also while it runs', async () => {
  const env = { PLUGIN_NAME: 'vault', VAULT_TOKEN: 'x' };
  expect(messages(await checkManagedSettings(managed(env, { Enabled: true }), files({})))).toEqual([
    'the managed plugin is called vault-secrets-plugin:latest, and its PLUGIN_NAME is vault: it ignores the secrets that the engine asks it for',
  ]);
  const same = { PLUGIN_NAME: '', VAULT_TOKEN: 'x' };
  expect(await checkManagedSettings(managed(same, { Enabled: true }), files({}))).toEqual([]);
});

test('an engine that does not show settings is no fault', async () => {
  expect(await checkManagedSettings({ Id: 'id', Name: 'p', Enabled: false }, files({}))).toEqual([]);
});

test('the file of CONFIG_FILE is checked too, where the host has it', async () => {
  const env = { VAULT_TOKEN: 'x', CONFIG_FILE: '/run/vault-swarm/config.yml' };
  const on = (text: string) => checkManagedSettings(managed(env), files({ '/etc/vault-swarm/config.yml': text }));
  expect(await on('access: {default: allow}')).toEqual([]);
  const [indented] = await on('access:\n  default: deny\n rules: []\n');
  expect(indented?.message).toMatch(/its setting CONFIG_FILE: .*line 3/);
  expect(indented?.fix).toMatch(/^Correct the file, or the setting/);
  expect(messages(await on('access: {default: maybe}'))).toEqual([expect.stringContaining('access.default')]);
  expect(messages(await checkManagedSettings(managed(env), files({})))).toEqual([
    expect.stringContaining('"/run/vault-swarm/config.yml" names a file that does not exist'),
  ]);
});
