import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  driverRequest,
  type OwnEngine,
  type PluginProcess,
  runningTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DRIVER = 'revoked-path-test';
const METADATA = 'path "secret/metadata/*" { capabilities = ["read"] }';
const names = ['kept', 'taken'] as const;

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;

async function allow(...paths: readonly string[]): Promise<void> {
  const rules = paths.map((path) => `path "secret/data/${path}" { capabilities = ["read"] }`);
  await vault.request('PUT', 'sys/policies/acl/app', { policy: [METADATA, ...rules].join('\n') });
}

async function ask(name: string): Promise<{ readonly value: string; readonly err: string }> {
  const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: name,
    SecretLabels: { vault_path: name, vault_field: 'password' },
  });
  const { Value = '', Err = '' } = JSON.parse(body);
  return { value: Buffer.from(Value, 'base64').toString(), err: Err };
}

beforeAll(async () => {
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
  ]);
  for (const name of names) await vault.request('POST', `secret/data/${name}`, { data: { password: `of ${name}` } });
  await allow(...names);
  const { body } = await vault.request('POST', 'auth/token/create', { policies: ['app'] });
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: (body as { readonly auth: { readonly client_token: string } }).auth.client_token,
      VAULT_ROTATION_INTERVAL: '1s',
      ENABLE_MONITORING: 'false',
    },
  });
  await plugin.waitReady();
  for (const name of names) {
    await createDriverSecret(engine, { name, driver: DRIVER, labels: { vault_path: name, vault_field: 'password' } });
  }
  await createService(engine, { name: 'app', secrets: names });
  await waitFor(async () => (await runningTasks(engine, 'app')).length === 1, {
    timeoutMs: 60_000,
    what: 'the task to run',
  });
});
afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

test('a value whose rule alone was taken from the policy is refused, also while Vault is away, and others are not', async () => {
  await allow('kept');
  await waitFor(async () => (await ask('taken')).err.includes('[ACCESS_DENIED]'), {
    timeoutMs: 150_000,
    what: 'the value to be refused',
  });
  expect(await ask('kept')).toEqual({ value: 'of kept', err: '' });
  await vault.kill();
  expect(await ask('taken')).toMatchObject({ value: '' });
  expect(await ask('kept')).toEqual({ value: 'of kept', err: '' });
});
