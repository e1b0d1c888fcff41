import { join } from 'node:path';
import { driverRequest, startPlugin, startVault, tempDirectory, type Vault } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
let vault: Vault;
let count = 0;
const running: { kill(): Promise<unknown> }[] = [];

beforeAll(async () => {
  vault = await startVault({ dir: join(directory.path, 'vault'), tls: true });
  await vault.request('POST', 'secret/data/app', { data: { value: 'here' } });
});
afterEach(async () => {
  for (const plugin of running.splice(0)) await plugin.kill();
});
afterAll(async () => {
  await vault?.stop();
  await directory.remove();
});

/** A plugin for the Vault, without an engine. */
async function start(env: Readonly<Record<string, string>>) {
  count += 1;
  const plugin = await startPlugin({
    dir: join(directory.path, `plugin-${count}`),
    env: {
      PLUGIN_SOCKET: join(directory.path, `${count}.sock`),
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      ENABLE_MONITORING: 'false',
      ...env,
    },
  });
  running.push(plugin);
  await plugin.waitReady();
  return plugin;
}

async function answerOf({ socketPath }: { readonly socketPath: string }): Promise<{ Value?: string; Err?: string }> {
  const secret = { SecretName: 'app', SecretLabels: { vault_path: 'app' } };
  return JSON.parse((await driverRequest(socketPath, '/SecretProvider.GetSecret', secret)).body);
}

test("Vault is trusted by the system's authorities, which SSL_CERT_FILE names", async () => {
  const trusting = await start({ SSL_CERT_FILE: vault.caFile ?? '' });
  expect(Buffer.from((await answerOf(trusting)).Value ?? '', 'base64').toString()).toBe('here');
  const other = await start({});
  expect((await answerOf(other)).Err).toContain('has a certificate that is not trusted');
});

test('a variable of a client that has no effect is named in a warning at the start', async () => {
  const plugin = await start({ VAULT_SKIP_VERIFY: 'true', VAULT_MAX_RETRIES: '5', DOCKER_CONTEXT: 'prod' });
  expect((await answerOf(plugin)).Err).toBeUndefined();
  for (const name of ['VAULT_MAX_RETRIES', 'DOCKER_CONTEXT']) {
    const warning = new RegExp(`"event":"plugin.warning","message":"${name}: is not read by the plugin; `);
    await expect.poll(() => plugin.logs(), { timeout: 10_000 }).toMatch(warning);
  }
});
