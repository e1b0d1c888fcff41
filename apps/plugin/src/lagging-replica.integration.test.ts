import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  freePort,
  type OwnEngine,
  type PluginProcess,
  type ReplicaState,
  RunningTasksSampler,
  startPlugin,
  startSwarm,
  startVault,
  startVaultProxy,
  tempDirectory,
  type Vault,
  type VaultProxy,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'lagging-replica-test';
/** With `LAGGING_ROTATIONS=200` the replica lags by up to 20 s, which takes an hour. */
const ROTATIONS = Number(process.env.LAGGING_ROTATIONS ?? 5);
const MAX_LAG_MS = process.env.LAGGING_ROTATIONS === undefined ? 3_000 : 20_000;
const IN_TIME = 60_000;
const REPLICAS = { web: 2, worker: 1 } as const;
const PROBLEM = 'A provider answers with values that it has replaced';

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let proxy: VaultProxy;
let plugin: PluginProcess;
let sampler: RunningTasksSampler;
let fewestOfWeb: () => number;
let port: number;
let written = 0;

async function start(): Promise<PluginProcess> {
  const started = await startPlugin({
    dir: join(directory.path, `plugin-${performance.now()}`),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      VAULT_ADDR: proxy.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      CACHE_MAX_AGE: '0s',
      MONITORING_PORT: String(port),
    },
  });
  await started.waitReady();
  // The engine is answered before the monitoring port is open.
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok, {
    timeoutMs: IN_TIME,
    what: 'monitoring',
  });
  return started;
}

async function write(): Promise<string> {
  written += 1;
  const value = `value ${written}`;
  await vault.request('POST', 'secret/data/app', { data: { password: value } });
  return value;
}

async function everyServiceHolds(value: string, timeoutMs = IN_TIME): Promise<void> {
  await Promise.all(
    Object.entries(REPLICAS).map(([service, replicas]) =>
      waitForTaskValues(engine, { service, secret: 'app', value, replicas, timeoutMs }),
    ),
  );
}

/** How often each service was updated. */
async function updates(): Promise<Readonly<Record<string, number>>> {
  const services = await Promise.all(Object.keys(REPLICAS).map((name) => engine.api('GET', `/services/${name}`)));
  const counts = services.map((service) => {
    const { Spec } = service as { Spec: { Name: string; TaskTemplate: { ForceUpdate?: number } } };
    return [Spec.Name, Spec.TaskTemplate.ForceUpdate ?? 0];
  });
  return Object.fromEntries(counts);
}

async function answer<T>(path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T;
}

const problems = async () => (await answer<{ readonly problems: readonly string[] }>('/health')).problems;

/** Waits until what is checked is as it is wanted. */
async function comes<T>(look: () => Promise<T>, isWanted: (seen: T) => boolean, what: string): Promise<void> {
  await waitFor(
    async (see) => {
      const seen = await look();
      see(seen);
      return isWanted(seen);
    },
    { timeoutMs: IN_TIME, what },
  );
}

/** Waits for so many reconcile passes. */
async function passes(count: number): Promise<void> {
  const beat = async () => (await answer<{ readonly ticker_heartbeat: string | null }>('/metrics')).ticker_heartbeat;
  for (let pass = 0; pass < count; pass++) {
    const before = await beat();
    await waitFor(async () => (await beat()) !== before, { timeoutMs: IN_TIME, what: 'a pass' });
  }
}

/** Waits until so many rotations were counted, so that the next change comes when none is open. */
async function counted(total: number): Promise<void> {
  const rotations = async () => (await answer<{ readonly secret_rotations: number }>('/metrics')).secret_rotations;
  await comes(rotations, (count) => count === total, `${total} rotations to be counted`);
}

/** Reads of values come from a replica that is behind, all or every other one; the metadata does not. */
function behind(has: ReplicaState, alternates = false): Promise<void> {
  return proxy.setFaults({ kind: 'behind', has, alternates, match: { method: 'GET', path: /^secret\/data\// } });
}

/** The numbers of the versions that the plugins have told of as changes, in their order. */
function changes(logs: string): readonly number[] {
  const lines = logs.split('\n').filter((line) => line.includes('"revision.changed"'));
  return lines.map((line) => Number.parseInt((JSON.parse(line) as { revision: string }).revision, 10));
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    freePort(),
  ]);
  proxy = await startVaultProxy(vault.addr);
  const value = await write();
  plugin = await start();
  const labels = { vault_path: 'app', vault_field: 'password' };
  await createDriverSecret(engine, { name: 'app', driver: DRIVER, labels });
  for (const [name, replicas] of Object.entries(REPLICAS)) {
    await createService(engine, { name, replicas, secrets: ['app'] });
  }
  await everyServiceHolds(value);
  await passes(2);
  sampler = RunningTasksSampler.start(engine);
  const { ID } = (await engine.api('GET', '/services/web')) as { readonly ID: string };
  fewestOfWeb = sampler.watch(ID);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${plugin.logs().slice(-8_000)}\n`);
  await proxy.setFaults();
});

afterAll(async () => {
  await sampler?.stop();
  await plugin?.kill('SIGTERM');
  await proxy?.close();
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

test(`${ROTATIONS} rotations beside a replica that lags reach every task, each with one update of each service`, {
  timeout: 60_000 + ROTATIONS * 60_000,
}, async () => {
  const before = await updates();
  for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
    // From a lag that a poll never meets to one that outlasts many.
    const lagMs = Math.round(MAX_LAG_MS * (((rotation * 7) % 20) / 20 + 0.05));
    await behind({ lagMs }, rotation % 2 === 0);
    const value = await write();
    await everyServiceHolds(value, IN_TIME + lagMs);
    await counted(2 * rotation);
    // After many rotations in a row the plugin waits between them, and says so until the services have rested.
    await comes(problems, (shown) => shown.length === 0, 'no problem');
    const expected = Object.entries(before).map(([name, count]) => [name, count + rotation]);
    expect(await updates()).toEqual(Object.fromEntries(expected));
    if (rotation % 10 === 0) process.stderr.write(`${rotation} rotations, the last beside a lag of ${lagMs} ms\n`);
  }
  // Nothing is rolled back, nor was it in between.
  await passes(5);
  await everyServiceHolds(`value ${written}`);
  const expected = Object.entries(before).map(([name, count]) => [name, count + ROTATIONS]);
  expect(await updates()).toEqual(Object.fromEntries(expected));
  const reported = changes(plugin.logs());
  expect(reported).toEqual(reported.toSorted((a, b) => a - b));
  expect(reported).toHaveLength(ROTATIONS);
  expect(await problems()).toEqual([]);
});

test('a replica that lags for long is a problem that is shown, and the change arrives when it has caught up', async () => {
  const before = await updates();
  await behind({ untilMs: Date.now() });
  const value = await write();
  await comes(problems, (shown) => shown.includes(PROBLEM), 'the problem');
  expect(await updates()).toEqual(before);
  await proxy.setFaults();
  await everyServiceHolds(value);
  await comes(problems, (shown) => shown.length === 0, 'no problem');
});

test('a plugin that starts beside a replica that lags rolls nothing back', async () => {
  const untilMs = Date.now();
  const value = await write();
  await everyServiceHolds(value);
  await counted(2 * ROTATIONS + 4);
  const before = await updates();
  await plugin.kill('SIGKILL');
  await behind({ untilMs });
  plugin = await start();
  await passes(5);
  await everyServiceHolds(value);
  expect(await updates()).toEqual(before);
  // As few as an update of Swarm's own leaves: it stops one task at a time.
  expect(fewestOfWeb()).toBe(REPLICAS.web - 1);
});
