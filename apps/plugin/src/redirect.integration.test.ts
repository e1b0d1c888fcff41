import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startPlugin,
  startVault,
  tempDirectory,
  type Vault,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
let vault: Vault;
let standby: Server;
let location: (path: string) => string;
let plugin: PluginProcess | undefined;

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  vault = await startVault({ dir: join(directory.path, 'vault') });
  await vault.request('POST', 'secret/data/app', { data: { password: 'delivered' } });
  // As a standby that does not forward requests itself.
  standby = createServer(({ url = '' }, response) => {
    response.writeHead(307, { Location: location(url) }).end();
  });
  standby.listen(0, '127.0.0.1');
  await once(standby, 'listening');
});

afterEach(() => plugin?.kill());

afterAll(async () => {
  standby?.close();
  standby?.closeAllConnections();
  await vault?.stop();
  await directory.remove();
});

/** What a plugin whose Vault redirects each request answers. */
async function answerOf(name: string, redirect: (path: string) => string): Promise<string> {
  location = redirect;
  plugin = await startPlugin({
    dir: join(directory.path, name),
    env: {
      PLUGIN_NAME: `redirect-${name}`,
      DOCKER_HOST: `unix://${join(directory.path, 'no-docker.sock')}`,
      ENABLE_ROTATION: 'false',
      ENABLE_MONITORING: 'false',
      VAULT_ADDR: addressOf(standby),
      VAULT_TOKEN: vault.rootToken,
    },
  });
  await plugin.waitReady();
  const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: { vault_path: 'app', vault_field: 'password' },
    ServiceName: 'web',
  });
  const { Value = '', Err = '' } = JSON.parse(body) as { readonly Value?: string; readonly Err?: string };
  return Err === '' ? Buffer.from(Value, 'base64').toString() : Err;
}

test('a redirect to the active server is followed', async () => {
  expect(await answerOf('active', (path) => `${vault.addr}${path}`)).toBe('delivered');
});

test.each([
  ['loop', () => `${addressOf(standby)}/v1/again?token=hidden`, 'which redirects to ', 'only one redirect is followed'],
  [
    'nowhere',
    () => 'http://127.0.0.1:1/v1/secret/data/app?token=hidden',
    'redirects to http://127.0.0.1:1, which',
    "check the server's api_addr",
  ],
  [
    'file',
    () => 'file:///etc/passwd?token=hidden',
    'redirects to file://, which is not followed',
    'correct its api_addr',
  ],
])('a redirect that leads nowhere is said with its host and advice: %s', async (name, redirect, ...words) => {
  const error = await answerOf(name, redirect);
  for (const word of words) expect(error).toContain(word);
  expect(error + (plugin?.logs() ?? '')).not.toContain('hidden');
});
