import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startOpenBao,
  startPlugin,
  startVault,
  tempDirectory,
  type Vault,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const servers = new Map<string, Vault>();
let plugin: PluginProcess;

const server = (name: string): Vault => {
  const found = servers.get(name);
  if (found === undefined) throw new Error(`no server is called ${name}`);
  return found;
};

/** A provider of the file, whose token is in a file of its own. */
async function entry(name: string, kind: 'vault' | 'openbao', { addr, rootToken }: Vault): Promise<string> {
  const tokenFile = join(directory.path, `${name}-token`);
  await writeFile(tokenFile, `${rootToken}\n`);
  const prefix = kind.toUpperCase();
  return `  ${name}:
    kind: ${kind}
    settings:
      ${prefix}_ADDR: ${addr}
      ${prefix}_TOKEN_FILE: ${tokenFile}
`;
}

async function ask(
  labels: Readonly<Record<string, string>>,
): Promise<{ readonly value?: string; readonly err?: string }> {
  const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: labels,
  });
  const { Value, Err } = JSON.parse(body);
  return { value: Value && Buffer.from(Value, 'base64').toString(), err: Err };
}

beforeAll(async () => {
  servers.set('vault-eu', await startVault({ dir: join(directory.path, 'eu') }));
  servers.set('vault-us', await startVault({ dir: join(directory.path, 'us') }));
  servers.set('bao', await startOpenBao({ dir: join(directory.path, 'bao') }));
  for (const [name, { request }] of servers) {
    await request('POST', 'secret/data/app/db', { data: { password: `canary-${name}` } });
  }
  const configFile = join(directory.path, 'vault-swarm.yaml');
  const entries = [...servers].map(([name, running]) => entry(name, name === 'bao' ? 'openbao' : 'vault', running));
  await writeFile(configFile, `providers:\n${(await Promise.all(entries)).join('')}`);
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_SOCKET: join(directory.path, 'plugin.sock'),
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      CONFIG_FILE: configFile,
      ENABLE_MONITORING: 'false',
      CACHE_MAX_AGE: '0s',
    },
  });
  await plugin.waitReady();
});
afterAll(async () => {
  await plugin.kill();
  for (const { kill } of servers.values()) await kill();
  await directory.remove();
});

test('a label chooses one of several providers of a kind, and the first is meant without it', async () => {
  const path = { vault_path: 'app/db', vault_field: 'password' };
  expect(await ask({ ...path, provider: 'vault-eu' })).toMatchObject({ value: 'canary-vault-eu' });
  expect(await ask({ ...path, provider: 'vault-us' })).toMatchObject({ value: 'canary-vault-us' });
  expect(await ask(path)).toMatchObject({ value: 'canary-vault-eu' });
  expect(await ask({ openbao_path: 'app/db' })).toMatchObject({ value: 'canary-bao' });
});

test('a provider that is not in the file, or of another kind than the labels, is refused with what to change', async () => {
  expect(await ask({ vault_path: 'app/db', provider: 'vault-as' })).toMatchObject({
    err: expect.stringContaining(
      '"provider" = "vault-as" names a provider that is not configured; configured are vault-eu',
    ),
  });
  expect(await ask({ vault_path: 'app/db', provider: 'bao' })).toMatchObject({
    err: expect.stringContaining('"provider" = "bao" is of kind openbao'),
  });
});

test('a hanging provider delays no secret of another', async () => {
  const path = { vault_path: 'app/db', vault_field: 'password' };
  await server('vault-us').request('POST', 'secret/data/app/other', { data: { password: 'canary-other' } });
  process.kill(server('vault-eu').pid, 'SIGSTOP');
  try {
    const hanging = ask({ vault_path: 'app/new', provider: 'vault-eu' });
    const order: string[] = [];
    await Promise.all([
      hanging.then(() => order.push('hanging')),
      ask({ ...path, vault_path: 'app/other', provider: 'vault-us' }).then(({ value }) => order.push(value ?? '')),
    ]);
    expect(order).toEqual(['canary-other', 'hanging']);
    expect(await hanging).toMatchObject({ err: expect.stringContaining('vault-eu') });
  } finally {
    process.kill(server('vault-eu').pid, 'SIGCONT');
  }
});
