import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { driverRequest, freePort, startPlugin, startSlowClients, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CALLS = 500;
const SLOW_CLIENTS = 1_000;

const directory = tempDirectory();
const secrets = join(directory.path, 'secrets');
beforeAll(async () => {
  await mkdir(secrets, { recursive: true });
  await writeFile(join(secrets, 'db'), 'canary-value');
});
afterAll(() => directory.remove());

let count = 0;

async function start(env: Readonly<Record<string, string>> = {}) {
  count += 1;
  const port = await freePort();
  const plugin = await startPlugin({
    dir: join(directory.path, `plugin-${count}`),
    env: {
      PLUGIN_SOCKET: join(directory.path, `${count}.sock`),
      DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: secrets,
      MONITORING_PORT: String(port),
      ...env,
    },
  });
  await plugin.waitReady();
  await waitFor(() => plugin.logs().includes('monitoring.listening'), {
    timeoutMs: 10_000,
    what: 'the monitoring port',
  });
  return { plugin, port };
}

/** The 99th percentile of answers to the engine, in milliseconds; each of them must have the value. */
async function getSecretP99(socketPath: string): Promise<number> {
  const timesMs: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const startedMs = performance.now();
    const { body } = await driverRequest(socketPath, '/SecretProvider.GetSecret', {
      SecretName: 'db',
      SecretLabels: { file_path: 'db' },
    });
    timesMs.push(performance.now() - startedMs);
    expect(JSON.parse(body).Value).toBe(Buffer.from('canary-value').toString('base64'));
  }
  return timesMs.toSorted((a, b) => a - b)[Math.floor(CALLS * 0.99)] ?? 0;
}

test('a thousand slow clients on the monitoring port delay neither the engine nor the health check', async () => {
  const { plugin, port } = await start();
  await getSecretP99(plugin.socketPath);
  const alone = await getSecretP99(plugin.socketPath);
  const slow = startSlowClients(port, SLOW_CLIENTS);
  await waitFor(() => slow.cuts() >= SLOW_CLIENTS / 2, { timeoutMs: 30_000, what: 'the first of them to be cut off' });
  const besieged = await getSecretP99(plugin.socketPath);
  const statuses = new Set<number>();
  for (let asked = 0; asked < 20; asked++) statuses.add((await fetch(`http://127.0.0.1:${port}/livez`)).status);
  slow.stop();
  process.stderr.write(`GetSecret p99: ${alone.toFixed(2)} ms alone, ${besieged.toFixed(2)} ms besieged\n`);
  expect(statuses).toEqual(new Set([200]));
  // Far below what the engine would notice, and far above what a busy machine adds.
  expect(besieged).toBeLessThan(20 * alone + 100);
  await plugin.kill();
});

test('tokens from files give read and full access, and never appear in the log', async () => {
  const [full, view] = [join(directory.path, 'full'), join(directory.path, 'view')];
  await writeFile(full, 'canary-full-token\n');
  await writeFile(view, 'canary-view-token\n');
  const { plugin, port } = await start({ MONITORING_TOKEN_FILE: full, MONITORING_VIEW_TOKEN_FILE: view });
  const ask = async (token: string, path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${token}` },
    });
  const accessOf = async (token: string) => {
    const answer = await ask(token, '/api/v1/overview');
    return answer.ok ? ((await answer.json()) as { access: string }).access : answer.status;
  };
  expect([await accessOf('canary-full-token'), await accessOf('canary-view-token'), await accessOf('x')]).toEqual([
    'full',
    'view',
    401,
  ]);
  const rotate = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"quarantined": true}' };
  expect((await ask('canary-view-token', '/api/v1/rotate', rotate)).status).toBe(403);
  expect((await ask('canary-full-token', '/api/v1/rotate', rotate)).status).toBe(503);
  await writeFile(full, 'canary-other-token\n');
  expect([await accessOf('canary-full-token'), await accessOf('canary-other-token')]).toEqual([401, 'full']);
  await plugin.kill();
  expect(plugin.logs()).not.toContain('canary');
});
