import { once } from 'node:events';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startLoadClient,
  startPlugin,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const directory = tempDirectory();
const secrets = join(directory.path, 'secrets');
const question = { SecretName: 'db', SecretLabels: { file_path: 'db' } };
const inTime = { timeoutMs: 20_000, intervalMs: 20 };
const plugins: PluginProcess[] = [];
let socketPath: string;
let count = 0;

beforeAll(async () => {
  await mkdir(secrets, { recursive: true });
  await writeFile(join(secrets, 'db'), 'value');
});
beforeEach(() => {
  count += 1;
  socketPath = join(directory.path, `${count}`, 'plugin.sock');
});
afterEach(async () => {
  for (const plugin of plugins.splice(0)) await plugin.kill('SIGKILL');
});
afterAll(() => directory.remove());

/** A plugin on the file provider and on the test's socket, with no engine. */
async function start(env: Readonly<Record<string, string>> = {}): Promise<PluginProcess> {
  const plugin = await startPlugin({
    dir: join(directory.path, `plugin-${count}-${plugins.length}`),
    env: {
      PLUGIN_SOCKET: socketPath,
      PLUGIN_SOCKET_TAKEOVER: 'true',
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: secrets,
      ENABLE_MONITORING: 'false',
      ...env,
    },
  });
  plugins.push(plugin);
  return plugin;
}

async function startReady(env?: Readonly<Record<string, string>>): Promise<PluginProcess> {
  const plugin = await start(env);
  await plugin.waitReady();
  return plugin;
}

/** Waits until a plugin has logged an event so many times. */
const hasLogged = (plugin: PluginProcess, event: string, times = 1) =>
  waitFor(() => plugin.logs().split(`"event":"${event}"`).length - 1 === times, { ...inTime, what: event });

const ask = async () => JSON.parse((await driverRequest(socketPath, '/SecretProvider.GetSecret', question)).body);

/** A provider that takes connections and answers nothing. */
async function startHangingVault(): Promise<{ readonly server: Server; readonly env: Record<string, string> }> {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, env: { SECRETS_PROVIDER: 'vault', VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: 'root' } };
}

test('five plugins take over from each other, and no request meanwhile is lost', async () => {
  let serving = await startReady();
  const clients = [true, false].map((keepAlive) => startLoadClient(socketPath, question, { keepAlive }));
  for (let round = 0; round < 5; round++) {
    const young = await start();
    await hasLogged(young, 'driver.listening');
    await hasLogged(serving, 'driver.superseded');
    expect(await serving.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    serving = young;
  }
  for (const client of clients) {
    const { answers, failures, longestGapMs } = await client.stop();
    expect(failures).toEqual([]);
    expect(answers).toBeGreaterThan(100);
    process.stderr.write(`${answers} answers, at most ${Math.round(longestGapMs)} ms apart\n`);
  }
  expect(await readdir(join(socketPath, '..'))).toEqual(['plugin.sock']);
});

test('the one before goes on if the newcomer is killed, and finds its socket again', async () => {
  const old = await startReady();
  const young = await start();
  await hasLogged(old, 'driver.superseded');
  await young.kill('SIGKILL');
  await hasLogged(old, 'driver.listening', 2);
  expect(await ask()).toMatchObject({ DoNotReuse: true });
  await old.kill('SIGTERM');
  await expect(stat(socketPath)).rejects.toThrow('ENOENT');
});

test('a hanging plugin is replaced, and does not touch the socket when it continues and ends', async () => {
  const old = await startReady();
  process.kill(old.pid, 'SIGSTOP');
  const young = await start();
  await hasLogged(young, 'driver.listening');
  expect(await ask()).toMatchObject({ DoNotReuse: true });
  process.kill(old.pid, 'SIGCONT');
  expect(await old.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await ask()).toMatchObject({ DoNotReuse: true });
});

test('a newcomer whose provider does not answer leaves the socket to the one before, until that ends', async () => {
  const { server, env } = await startHangingVault();
  const old = await startReady();
  const young = await start({ ...env, LOG_LEVEL: 'debug', VAULT_ROTATION_INTERVAL: '500ms' });
  await hasLogged(young, 'driver.standby');
  await waitFor(() => young.logs().includes('reconcile.completed'), { ...inTime, what: 'a pass' });
  expect(await ask()).toMatchObject({ DoNotReuse: true });
  expect(young.logs()).not.toContain('"event":"driver.listening"');
  await old.kill('SIGTERM');
  await hasLogged(young, 'driver.listening');
  server.close();
});

test('a waiting newcomer stops at once on SIGTERM', async () => {
  const { server, env } = await startHangingVault();
  await startReady();
  const young = await start(env);
  await hasLogged(young, 'driver.standby');
  expect(await young.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await ask()).toMatchObject({ DoNotReuse: true });
  server.close();
});
