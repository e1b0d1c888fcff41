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
const messages = (found: ReturnType<typeof checkManagedSettings>) => found.map(({ message }) => message);

test('the settings of a disabled plugin are checked, with the files of the host', () => {
  const env = { VAULT_ADDR: 'https://vault:8200', VAULT_TOKEN_FILE: '/run/vault-swarm/token', LOG_LEVEL: '' };
  expect(checkManagedSettings(managed(env), files({ '/etc/vault-swarm/token': 'hvs.x' }))).toEqual([]);
  const [missing] = checkManagedSettings(managed({ ...env, VAULT_TOKEN_FILE: '/etc/vault-swarm/token' }), files({}));
  expect(missing?.message).toContain('VAULT_TOKEN_FILE');
  expect(missing?.fix).toContain('docker plugin set vault-secrets-plugin:latest VAULT_TOKEN_FILE=…');
});

test('each wrong setting is named', () => {
  const env = { VAULT_ADDR: 'vault:8200', VAULT_TOKEN: 'x', LOG_LEVEL: 'loud' };
  expect(messages(checkManagedSettings(managed(env), files({})))).toEqual([
    expect.stringContaining('its setting VAULT_ADDR: '),
    expect.stringContaining('its setting LOG_LEVEL: '),
  ]);
});

test('a name that differs from the name of the managed plugin is found, also while it runs', () => {
  const env = { PLUGIN_NAME: 'vault', VAULT_TOKEN: 'x' };
  expect(messages(checkManagedSettings(managed(env, { Enabled: true }), files({})))).toEqual([
    'the managed plugin is called vault-secrets-plugin:latest, and its PLUGIN_NAME is vault: it ignores the secrets that the engine asks it for',
  ]);
  const same = { PLUGIN_NAME: '', VAULT_TOKEN: 'x' };
  expect(checkManagedSettings(managed(same, { Enabled: true }), files({}))).toEqual([]);
});

test('an engine that does not show settings is no fault', () => {
  expect(checkManagedSettings({ Id: 'id', Name: 'p', Enabled: false }, files({}))).toEqual([]);
});
