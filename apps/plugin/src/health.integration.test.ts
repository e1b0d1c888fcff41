import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  driverRequest,
  freePort,
  type OwnEngine,
  type PluginProcess,
  startPlugin,
  startSwarm,
  startVault,
  startVaultProxy,
  tempDirectory,
  type Vault,
  type VaultProxy,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EngineFaultProxy } from './testing/engine-fault-proxy.ts';

const DRIVER = 'health-test';
const INTERVAL_MS = 1_000;
const DEADLINE_MS = 2_000;
const IN_TIME = 60_000;
/** What a machine that runs other tests at the same time adds; one that waits for Docker or a provider waits longer. */
const TOLERANCE_MS = 20_000;
const LATE_MS = 6_000;

interface Health {
  readonly healthy: boolean;
  readonly ticker_healthy: boolean;
  readonly problems: readonly string[];
}

const directory = tempDirectory();
const engineProxyPath = join(directory.path, 'gate.sock');
let engine: OwnEngine;
let vault: Vault;
let proxy: VaultProxy;
let engineProxy: EngineFaultProxy;
let plugin: PluginProcess | undefined;
let url: string;

async function start(): Promise<PluginProcess> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/health`;
  plugin = await startPlugin({
    dir: join(directory.path, `plugin-${port}`),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: `unix://${engineProxyPath}`,
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: proxy.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: `${INTERVAL_MS}ms`,
      GETSECRET_DEADLINE: `${DEADLINE_MS}ms`,
      MONITORING_PORT: String(port),
    },
  });
  await plugin.waitReady();
  return plugin;
}

const health = async () => {
  const answer = await fetch(url);
  return { status: answer.status, ...((await answer.json()) as Health) };
};

/** The secret as the dashboard shows it. */
const watched = async () => {
  const answer = await fetch(new URL('/api/v1/secrets', url));
  const { secrets } = (await answer.json()) as { secrets: readonly { name: string; revision: string | null }[] };
  return secrets.find(({ name }) => name === 'db');
};

/** The exit code of what a health check runs. */
const curl = () => spawnSync('curl', ['-f', '--silent', '--output', '/dev/null', url]).status;

const answers = (status: number) =>
  waitFor(
    async (see) => {
      const now = await health();
      see(now);
      return now.status === status && now;
    },
    { timeoutMs: IN_TIME, intervalMs: 50, what: `/health to answer ${status}` },
  );

/** Asks for the secret as Docker does. */
async function ask(socketPath: string): Promise<string> {
  const { body } = await driverRequest(socketPath, '/SecretProvider.GetSecret', {
    SecretName: 'db',
    SecretLabels: { vault_path: 'app', vault_field: 'password' },
    ServiceName: 'web',
  });
  return body;
}

const isValue = (body: string) => body.includes(Buffer.from('value').toString('base64'));

interface Asked {
  readonly asked: number;
  readonly wrong: readonly string[];
  readonly slowestMs: number;
}

/** Once there was a value, asks again and again; the result ends that and tells what came of it. */
async function askAllTheTime({ socketPath }: PluginProcess): Promise<() => Promise<Asked>> {
  await waitFor(async () => isValue(await ask(socketPath)), { timeoutMs: IN_TIME, what: 'a first value' });
  const wrong: string[] = [];
  let asked = 0;
  let slowestMs = 0;
  let goesOn = true;
  const asking = (async () => {
    while (goesOn) {
      const startedMs = performance.now();
      const body = await ask(socketPath);
      asked += 1;
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (!isValue(body)) wrong.push(body);
    }
  })();
  // A test that fails ends the plugin while it is asked.
  asking.catch(() => {});
  return async () => {
    goesOn = false;
    await asking;
    return { asked, wrong, slowestMs };
  };
}

/** How old the last beat of the ticker is, in milliseconds; NaN before the first. */
async function beatAgeMs(): Promise<number> {
  const { ticker_heartbeat } = (await (await fetch(new URL('/metrics', url))).json()) as {
    ticker_heartbeat: string | null;
  };
  return Date.now() - Date.parse(ticker_heartbeat ?? '');
}

beforeAll(async () => {
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
  ]);
  proxy = await startVaultProxy(vault.addr);
  await vault.request('POST', 'secret/data/app', { data: { password: 'value' } });
  engineProxy = new EngineFaultProxy(engineProxyPath, engine.socketPath);
  await engineProxy.become('open');
});

afterEach(async () => {
  await proxy.setFaults();
  await engineProxy.become('open');
  await plugin?.kill();
});

afterAll(async () => {
  await engineProxy?.become('gone');
  await proxy?.close();
  await vault?.stop();
  await engine?.stop();
  await directory.remove();
});

test.each(['frozen', 'refusing', 'gone'] as const)(
  'while Docker is %s it turns unhealthy after three intervals, serves all the time, and is healthy again afterwards',
  async (state) => {
    const stop = await askAllTheTime(await start());
    const isWell = async () =>
      (await health()).problems.length === 0 && curl() === 0 && Number.isFinite(await beatAgeMs());
    await waitFor(isWell, { timeoutMs: IN_TIME, what: 'a plugin that is well, and whose ticker has beaten' });
    const closedAtMs = performance.now();
    await engineProxy.become(state);
    const unwell = await answers(503);
    expect(performance.now() - closedAtMs).toBeLessThan(3 * INTERVAL_MS + TOLERANCE_MS);
    expect(await beatAgeMs()).toBeGreaterThan(3 * INTERVAL_MS);
    expect(unwell).toMatchObject({ healthy: false, ticker_healthy: false });
    expect(unwell.problems).not.toEqual([]);
    expect(curl()).toBe(22);
    await waitFor(async () => (await health()).problems.includes('Docker does not answer'), {
      timeoutMs: IN_TIME,
      what: 'the problem to be reported',
    });
    await engineProxy.become('open');
    await answers(200);
    expect(curl()).toBe(0);
    const { asked, wrong, slowestMs } = await stop();
    expect(asked).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
    expect(slowestMs).toBeLessThan(DEADLINE_MS + LATE_MS);
  },
);

test('if Docker is not there at the start, it serves, is unhealthy after three intervals, and healthy when it comes', async () => {
  await engineProxy.become('gone');
  const stop = await askAllTheTime(await start());
  expect((await answers(503)).ticker_healthy).toBe(false);
  expect(curl()).toBe(22);
  await engineProxy.become('open');
  await answers(200);
  expect((await stop()).wrong).toEqual([]);
});

test('a provider that hangs is in problems, makes nothing unhealthy, and what is held is served', async () => {
  const started = await start();
  await createDriverSecret(engine, {
    name: 'db',
    driver: DRIVER,
    labels: { vault_path: 'app', vault_field: 'password' },
  });
  await createService(engine, { name: 'web', secrets: ['db'] });
  const stop = await askAllTheTime(started);
  // Only what a task holds is watched, and only what was watched can be missed.
  await waitFor(async () => typeof (await watched())?.revision === 'string', {
    timeoutMs: IN_TIME,
    what: 'the secret to be watched',
  });
  await answers(200);
  await proxy.setFaults({ kind: 'hang' });
  const statuses = new Set<number>();
  await waitFor(
    async (see) => {
      const now = await health();
      see(now);
      statuses.add(now.status);
      return now.problems.includes('A provider does not answer');
    },
    { timeoutMs: IN_TIME, intervalMs: 100, what: 'the provider in problems' },
  );
  expect([...statuses]).toEqual([200]);
  await proxy.setFaults();
  await waitFor(async () => (await health()).problems.length === 0, { timeoutMs: IN_TIME, what: 'no problem' });
  const { wrong, slowestMs } = await stop();
  expect(wrong).toEqual([]);
  expect(slowestMs).toBeLessThan(DEADLINE_MS + LATE_MS);
});
