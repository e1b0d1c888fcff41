import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startPlugin,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
let vault: Vault;
let plugin: PluginProcess;

async function ask(): Promise<string> {
  const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: { vault_path: 'db', vault_field: 'password' },
  });
  const { Value = '', Err = '' } = JSON.parse(body);
  return Err === '' ? Buffer.from(Value, 'base64').toString() : Err;
}

beforeAll(async () => {
  vault = await startVault({ dir: join(directory.path, 'vault') });
  await vault.request('POST', 'secret/data/db', { data: { password: 'one' } });
  await vault.request('PUT', 'sys/policies/acl/app', { policy: 'path "secret/*" { capabilities = ["read"] }' });
  const { body } = await vault.request('POST', 'auth/token/create', { policies: ['app'] });
  const token = (body as { readonly auth: { readonly client_token: string } }).auth.client_token;
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: 'revoked-login-test',
      // Nobody is there: what is served does not depend on it.
      DOCKER_HOST: `unix://${directory.path}/no-docker.sock`,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: token,
      CACHE_MAX_AGE: '0s',
      STALE_IF_UNAUTHENTICATED: '3s',
      ENABLE_MONITORING: 'false',
    },
  });
  await waitFor(async () => (await ask().catch(String)) === 'one', { timeoutMs: 30_000, what: 'the plugin to serve' });
  await vault.request('POST', 'auth/token/revoke', { token });
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await vault?.stop();
  await directory.remove();
});

test('once its login is revoked the plugin gives no value for longer than it may, also if Vault is then away', async () => {
  await waitFor(
    async (see) => {
      const answer = await ask();
      see(answer);
      return answer.includes('[UNAUTHENTICATED]');
    },
    { timeoutMs: 30_000, what: 'a refusal' },
  );
  await vault.kill();
  expect(await ask()).toMatch(/\[(UNAVAILABLE|UNAUTHENTICATED|DEADLINE)\]$/);
  expect(await ask()).not.toBe('one');
});
