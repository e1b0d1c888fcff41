import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createDriverSecret,
  createService,
  findOpenBao,
  freePort,
  labImage,
  type OwnEngine,
  type PluginProcess,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OtherDriver, startOtherDriver } from './testing/other-driver.ts';

const run = promisify(execFile);
const guide = openDocument('docs/guides/move.md', import.meta.filename);
const other = 'swarm-external-secrets';
// The engines of a box share their drivers, and another test uses the name that is in the guide.
const ours = 'moving-over-test';
const inTime = { timeoutMs: 60_000 };
const directory = tempDirectory();
const commands = join(directory.path, 'bin');

let engine: OwnEngine;
let vault: Vault;
let otherDriver: OtherDriver;

/** The next block of the guide below a heading, with our driver's name of this test. */
const take = (heading: string, language: 'sh' | 'yaml') =>
  guide.take(heading, language).replaceAll('vault-secrets-plugin', ours);

/** Runs the commands as an operator on the manager would. */
async function shell(script: string): Promise<void> {
  const env = {
    PATH: `${commands}:${process.env.PATH}`,
    HOME: directory.path,
    DOCKER_HOST: engine.host,
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
  };
  await run('sh', ['-ec', script], { env });
}

async function startOurs(name: string): Promise<{ readonly plugin: PluginProcess; readonly port: number }> {
  const port = await freePort();
  const plugin = await startPlugin({
    dir: join(directory.path, name),
    env: {
      PLUGIN_NAME: name,
      DOCKER_HOST: engine.host,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      MONITORING_PORT: String(port),
    },
  });
  await plugin.waitReady();
  return { plugin, port };
}

const reached = (service: string, secret: string, value: string | Buffer, replicas = 1) =>
  waitForTaskValues(engine, { service, secret, value, replicas, ...inTime });

const write = (path: string, data: Record<string, string>) => vault.request('POST', `secret/data/${path}`, { data });

const secretNames = async () =>
  (await engine.dockerBytes('secret', 'ls', '--format', '{{.Name}}')).toString().split('\n').filter(Boolean);

beforeAll(async () => {
  await mkdir(commands, { recursive: true });
  // OpenBao's command is Vault's, and the small Vault has none.
  await symlink(await findOpenBao(), join(commands, 'vault'));
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
  ]);
  await write('app/db', { user: 'app', password: 'first' });
  otherDriver = await startOtherDriver(other, 'first');
  await startOurs(ours);
});

afterAll(async () => {
  await otherDriver?.stop();
  await engine?.stop();
  await vault?.stop();
  await directory.remove();
});

test('a secret of swarm-external-secrets moves by its labels, and is then rotated', async () => {
  const labels = { vault_path: 'app/db', vault_field: 'password' };
  await createDriverSecret(engine, { name: 'db_password', driver: other, labels });
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db_password'] });
  const before = await reached('web', 'db_password', 'first', 2);

  const move = take('From swarm-external-secrets', 'sh');
  const remove = take('From swarm-external-secrets', 'sh');
  await expect(shell(remove), 'the old secret is in use').rejects.toThrow('in use');
  await shell(move);
  expect(before).not.toContain((await reached('web', 'db_password', 'first', 2))[0]);

  await shell('docker service rollback web');
  await reached('web', 'db_password', 'first', 2);
  await shell(move.slice(move.indexOf('docker service update')));
  await shell(remove);
  expect(await secretNames()).not.toContain('db_password');
  await write('app/db', { user: 'app', password: 'second' });
  await reached('web', 'db_password', 'second', 2);
});

test('under its name a process takes over: no service is restarted, and the next value is rolled', async () => {
  const labels = { vault_path: 'app/old', vault_field: 'password' };
  await write('app/old', { password: 'first' });
  await createDriverSecret(engine, { name: 'old_password', driver: other, labels });
  await createService(engine, { name: 'old', replicas: 2, secrets: ['old_password'] });
  const before = await reached('old', 'old_password', 'first', 2);

  await otherDriver.stop();
  const { plugin, port } = await startOurs(other);
  const heartbeat = async () =>
    ((await (await fetch(`http://127.0.0.1:${port}/metrics`)).json()) as { ticker_heartbeat: string | null })
      .ticker_heartbeat;
  const first = await waitFor(heartbeat, { ...inTime, what: 'a pass' });
  await waitFor(async () => (await heartbeat()) !== first, { ...inTime, what: 'another pass' });
  expect(await reached('old', 'old_password', 'first', 2)).toEqual(before);

  await write('app/old', { password: 'second' });
  await reached('old', 'old_password', 'second', 2);
  await plugin.kill();
});

test("secrets of Swarm's own move with all of their bytes, in one update of their service", async () => {
  const text = 'a key\nof two lines\n';
  const bytes = Buffer.from([0, 255, 10, 13, 128, 10]);
  for (const [Name, value] of Object.entries({ api_key: Buffer.from(text), keystore: bytes })) {
    await engine.api('POST', '/secrets/create', { Name, Data: value.toString('base64') });
  }
  await createService(engine, { name: 'api', secrets: ['api_key', 'keystore'] });
  await reached('api', 'api_key', text);

  const [key, keystore, update, remove] = [1, 2, 3, 4].map(() => take("From Swarm's own secrets", 'sh'));
  await shell(`${key}${keystore}${update}`);
  const moved = await reached('api', 'api_key', text);
  expect(await reached('api', 'keystore', bytes)).toEqual(moved);
  await shell(`${remove}`);
  expect(await secretNames()).not.toContain('keystore');

  await write('app/api', { value: 'another key' });
  await reached('api', 'api_key', 'another key');
});

test('a stack moves by a name and a driver in its file, and its services stay as they are', async () => {
  const file = join(directory.path, 'stack.yml');
  const services = `version: "3.8"
services:
  web:
    image: ${labImage}
    secrets: [db_password]
`;
  await writeFile(join(directory.path, 'plain'), 'plain');
  await writeFile(file, `${services}secrets:\n  db_password:\n    file: ${join(directory.path, 'plain')}\n`);
  await engine.deployStack('shop', [file]);
  await reached('shop_web', 'db_password', 'plain');

  await write('app/shop', { password: 'from Vault' });
  await writeFile(file, services + take('With a stack file', 'yaml'));
  await engine.deployStack('shop', [file]);
  await reached('shop_web', 'db_password', 'from Vault');
  await shell('docker secret rm shop_db_password');
  expect(guide.left()).toEqual([]);
});
