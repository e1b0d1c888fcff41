import { once } from 'node:events';
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createUnixServer } from 'node:net';
import { join } from 'node:path';
import { driverRequest, freePort, startPlugin, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const secrets = join(directory.path, 'secrets');
let count = 0;

/** A plugin on the file provider, with a socket of its own and no engine. */
async function start(env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  count += 1;
  return startPlugin({
    dir: join(directory.path, `plugin-${count}`),
    args,
    env: {
      PLUGIN_SOCKET: join(directory.path, `${count}.sock`),
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: secrets,
      ENABLE_MONITORING: 'false',
      ...env,
    },
  });
}

const ask = (socketPath: string, secret = 'db') =>
  driverRequest(socketPath, '/SecretProvider.GetSecret', { SecretName: secret, SecretLabels: { file_path: secret } });

const canConnect = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    ({ status }) => status,
    () => null,
  );

beforeAll(async () => {
  await mkdir(secrets, { recursive: true });
  await writeFile(join(secrets, 'db'), 'canary-value');
});
afterAll(() => directory.remove());

test('serves secrets although Docker is not there, removes its socket on SIGTERM, and exits with 0', async () => {
  const plugin = await start();
  await plugin.waitReady();
  expect(JSON.parse((await ask(plugin.socketPath)).body)).toEqual({
    Value: Buffer.from('canary-value').toString('base64'),
    DoNotReuse: true,
  });
  const startedMs = performance.now();
  expect(await plugin.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  await expect(stat(plugin.socketPath)).rejects.toThrow('ENOENT');
  expect(plugin.logs()).not.toContain('canary-value');
});

test('refusals with labels of a megabyte fill neither the log, the memory, nor the answers about them', async () => {
  const port = await freePort();
  const plugin = await start({ ENABLE_MONITORING: 'true', MONITORING_PORT: `${port}` });
  await plugin.waitReady();
  await waitFor(async () => (await canConnect(port)) !== null, { timeoutMs: 15_000, what: 'the monitoring port' });
  const label = '\u001b[2J'.padEnd(1_000_000, 'x');
  for (let index = 0; index < 300; index++) {
    const SecretLabels =
      index % 2 === 0 ? { rotate: label } : { file_path: 'db', [`file_${label.slice(0, 900_000)}`]: 'x' };
    const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
      SecretName: `secret-${index}`,
      ServiceName: 'web',
      SecretLabels,
    });
    expect(JSON.parse(body).Err.length).toBeLessThan(2_000);
  }
  for (const path of ['/health', '/api/v1/overview', '/api/v1/events?level=debug&limit=500']) {
    const answer = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expect(Buffer.byteLength(answer)).toBeLessThan(1_000_000);
  }
  const peakKiB = Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${plugin.pid}/status`, 'utf8'))?.[1]);
  await plugin.kill();
  // Uncut they were 214 MB of log, and 954 MB of memory.
  expect((await stat(plugin.logPath)).size).toBeLessThan(1_000_000);
  expect(peakKiB).toBeLessThan(400 * 1_024);
  expect(plugin.logs()).not.toContain('\u001b');
});

test('leaves nothing of its memory in a core dump', async () => {
  const plugin = await start();
  await plugin.waitReady();
  expect((await readFile(`/proc/${plugin.pid}/coredump_filter`, 'utf8')).trim()).toBe('00000000');
  await plugin.kill();
});

test('opens no port for a debugger on SIGUSR1, and goes on', async () => {
  const plugin = await start();
  await plugin.waitReady();
  process.kill(plugin.pid, 'SIGUSR1');
  // It is answered after the signal was taken, which is delivered at once.
  expect((await ask(plugin.socketPath)).status).toBe(200);
  const listening = (await readFile(`/proc/${plugin.pid}/net/tcp`, 'utf8')).match(/: 0100007F:240D .* 0A /);
  expect([listening, plugin.logs()]).toEqual([null, expect.not.stringContaining('Debugger')]);
  expect(await plugin.kill()).toEqual({ code: 0, signal: null });
});

test('replaces the socket that a dead process left', async () => {
  const dead = await start();
  await dead.waitReady();
  await dead.kill('SIGKILL');
  const plugin = await start({ PLUGIN_SOCKET: dead.socketPath });
  await plugin.waitReady();
  expect((await ask(dead.socketPath)).status).toBe(200);
  await plugin.kill();
});

test('a second instance ends with exit code 1, names the socket, and does not affect the first', async () => {
  const first = await start();
  await first.waitReady();
  const second = await start({ PLUGIN_SOCKET: first.socketPath });
  expect(await second.exit).toEqual({ code: 1, signal: null });
  expect(second.logs()).toContain(first.socketPath);
  expect((await ask(first.socketPath)).status).toBe(200);
  await first.kill();
});

test('a wrong configuration ends with exit code 2 before there is a socket, and tells every problem', async () => {
  const plugin = await start({ LOG_LEVEL: 'loud', MONITORING_PORT: 'http' });
  expect(await plugin.exit).toEqual({ code: 2, signal: null });
  expect(plugin.logs()).toMatch(/MONITORING_PORT: "http".*\n.*LOG_LEVEL: "loud"/);
  await expect(stat(plugin.socketPath)).rejects.toThrow('ENOENT');
});

test.each([
  ['--check-config', {}, 0, 'the configuration is valid'],
  ['--check-config', { LOG_LEVEL: 'loud' }, 2, 'LOG_LEVEL: "loud" must be one of error, warn, info, debug'],
  ['--check-config', { DOCKER_HOST: 'tcp://engine:2375' }, 0, 'warning: DOCKER_HOST: is tcp://engine:2375 without TLS'],
  ['--check-config', { MONITORING_TOKEN_FILE: '/dev/zero' }, 2, 'is a device or socket, not a regular file'],
  ['--help', {}, 0, 'Usage: vault-swarm-plugin'],
  ['--version', {}, 0, 'vault-swarm-plugin 0.'],
  ['--wrong', {}, 2, 'see vault-swarm-plugin --help'],
])('%s with %j exits with %i and starts nothing', async (arg, env, code, output) => {
  const plugin = await start(env, [arg]);
  expect(await plugin.exit).toEqual({ code, signal: null });
  expect(plugin.logs()).toContain(output);
  await expect(stat(plugin.socketPath)).rejects.toThrow('ENOENT');
});

test('does not start with its own credentials among the secrets, and delivers none that come there later', async () => {
  const credentials = join(directory.path, 'credentials');
  const token = join(credentials, 'token');
  await mkdir(credentials);
  await writeFile(token, 'canary-of-the-plugin', { mode: 0o600 });
  const refused = await start({ FILE_SECRETS_DIR: credentials, MONITORING_TOKEN_FILE: token });
  expect(await refused.exit).toEqual({ code: 2, signal: null });
  expect(refused.logs()).toContain(
    `FILE_SECRETS_DIR: "${credentials}" contains the file or directory of MONITORING_TOKEN_FILE`,
  );

  const late = join(directory.path, 'late');
  const plugin = await start({ FILE_SECRETS_DIR: late, MONITORING_TOKEN_FILE: token });
  await plugin.waitReady();
  await symlink(credentials, late);
  const answer = await ask(plugin.socketPath, 'token');
  expect(JSON.parse(answer.body).Err).toContain("the plugin's own file (MONITORING_TOKEN_FILE)");
  expect(answer.body + plugin.logs()).not.toContain('canary-of-the-plugin');
  await plugin.kill();
});

test('--check-live asks on the socket, also if another process has the monitoring port, and needs no credential', async () => {
  const asked: unknown[] = [];
  const thief = createServer((request, response) => {
    asked.push(request.headers);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(thief, 'listening');
  const address = thief.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const token = join(directory.path, 'monitoring-token');
  await writeFile(token, 'canary-of-the-monitoring', { mode: 0o600 });
  const env = { ENABLE_MONITORING: 'true', MONITORING_PORT: String(port), MONITORING_TOKEN_FILE: token };
  const plugin = await start(env);
  await plugin.waitReady();
  await rm(token);
  const check = async () => (await start({ ...env, PLUGIN_SOCKET: plugin.socketPath }, ['--check-live'])).exit;
  expect(await check()).toEqual({ code: 0, signal: null });
  await plugin.kill();
  expect(await check()).toEqual({ code: 1, signal: null });
  expect(asked).toEqual([]);
  thief.close();
});

test('keeps a credential whose file becomes what can not be sent, and says so', async () => {
  const port = await freePort();
  const token = join(directory.path, 'changing-token');
  await writeFile(token, 'first-token-of-the-test\n', { mode: 0o600 });
  const plugin = await start({
    ENABLE_MONITORING: 'true',
    MONITORING_PORT: String(port),
    MONITORING_TOKEN_FILE: token,
    VAULT_ROTATION_INTERVAL: '500ms',
  });
  await plugin.waitReady();
  await writeFile(token, 'canary-of-the-token\nand more\n');
  const problems = async () => {
    const headers = { Authorization: 'Bearer first-token-of-the-test' };
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/overview`, { headers }).catch(() => null);
    return response?.ok ? JSON.stringify(((await response.json()) as { readonly problems: unknown }).problems) : '';
  };
  const said = 'MONITORING_TOKEN_FILE names a file that must be of visible ASCII characters';
  await waitFor(async () => (await problems()).includes(said), { timeoutMs: 15_000, what: 'the problem' });
  await waitFor(() => plugin.logs().includes(said), { timeoutMs: 10_000, what: 'the warning in the log' });
  expect((await problems()) + plugin.logs()).not.toContain('canary-of-the-token');
  await plugin.kill();
});

test('opens no port when monitoring is turned off', async () => {
  const port = await freePort();
  const plugin = await start({ MONITORING_PORT: String(port) });
  await plugin.waitReady();
  await waitFor(() => plugin.logs().includes('orchestrator.failed'), { timeoutMs: 10_000, what: 'the first pass' });
  expect(await canConnect(port)).toBeNull();
  await plugin.kill();
});

test('goes on serving when its port is taken, says so, and takes the port when it is free', async () => {
  const taken: Server = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const plugin = await start({
    ENABLE_MONITORING: 'true',
    MONITORING_PORT: String(port),
    VAULT_ROTATION_INTERVAL: '500ms',
  });
  await plugin.waitReady();
  await waitFor(() => plugin.logs().includes('monitoring.failed'), { timeoutMs: 10_000, what: 'the refusal' });
  expect((await ask(plugin.socketPath)).status).toBe(200);
  taken.close();
  await waitFor(async () => (await canConnect(port)) !== null, {
    timeoutMs: 10_000,
    what: 'the port to be taken over',
  });
  await plugin.kill();
});

test('serves the last good value while the provider is down, and is unhealthy only when Docker does not answer', async () => {
  const port = await freePort();
  const hanging = createUnixServer(() => undefined).listen(join(directory.path, 'hanging.sock'));
  await once(hanging, 'listening');
  const plugin = await start({
    DOCKER_HOST: `unix://${directory.path}/hanging.sock`,
    ENABLE_MONITORING: 'true',
    MONITORING_PORT: String(port),
    VAULT_ROTATION_INTERVAL: '500ms',
    GETSECRET_DEADLINE: '1s',
    CACHE_MAX_AGE: '0s',
  });
  await plugin.waitReady();
  expect((await ask(plugin.socketPath)).body).toContain('Value');
  await rename(secrets, `${secrets}.away`);
  const startedMs = performance.now();
  const answer = await ask(plugin.socketPath);
  // The deadline, and what a busy machine adds.
  expect(performance.now() - startedMs).toBeLessThan(8_000);
  expect(JSON.parse(answer.body)).toMatchObject({ Value: Buffer.from('canary-value').toString('base64') });
  await rename(`${secrets}.away`, secrets);
  await waitFor(async () => (await canConnect(port)) === 503, {
    timeoutMs: 10_000,
    what: 'the ticker to count as stopped',
  });
  await plugin.kill();
  hanging.close();
});

test('finishes the responses in flight on SIGTERM', async () => {
  const hangs = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(hangs, 'listening');
  const address = hangs.address();
  const plugin = await start({
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    VAULT_TOKEN: 'root',
    GETSECRET_DEADLINE: '1s',
  });
  await plugin.waitReady();
  const answer = driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    ServiceName: 'web',
  });
  await once(hangs, 'request');
  expect(await plugin.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(JSON.parse((await answer).body).Err).toMatch(/db.*\[(DEADLINE|UNAVAILABLE)\]/);
  hangs.closeAllConnections();
  hangs.close();
});

test.each(['json', 'text'] as const)(
  'a warning of Node is a line of the log as each other one (%s)',
  async (LOG_FORMAT) => {
    const vault = {
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: `https://127.0.0.1:${await freePort()}`,
      VAULT_TOKEN: 'hvs.x',
    };
    // With it Node warns at the first connection that is encrypted.
    const plugin = await start({ ...vault, NODE_TLS_REJECT_UNAUTHORIZED: '0', LOG_FORMAT });
    await plugin.waitReady();
    await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', { SecretName: 'db', ServiceName: 'web' });
    const warning = 'Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable';
    await waitFor(async () => plugin.logs().includes(warning), { timeoutMs: 15_000, what: 'the warning' });
    await plugin.kill();
    const lines = plugin.logs().trimEnd().split('\n');
    const isEvent = (line: string) =>
      LOG_FORMAT === 'text' ? /^\d{4}-\S+Z (info|warn|error) +[a-z-]+\.[a-z-]+: /.test(line) : JSON.parse(line).event;
    expect(lines.filter((line) => !isEvent(line))).toEqual([]);
    expect(lines.filter((line) => line.includes(warning))).toHaveLength(1);
  },
);
