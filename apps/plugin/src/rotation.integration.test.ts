import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  everyTaskHolds,
  freePort,
  type OwnEngine,
  type PluginProcess,
  runningTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempFolder,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'rotation-test';
const IN_TIME = 60_000;

const folder = tempFolder();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let port: number;
const secretIds = new Map<string, string>();
/** Every value that was ever written. None may be found anywhere but in a container's secrets. */
const values: string[] = [];

const environment = () => ({
  PLUGIN_NAME: DRIVER,
  DOCKER_HOST: engine.host,
  SECRETS_PROVIDER: 'vault',
  VAULT_ADDR: vault.addr,
  VAULT_TOKEN: vault.rootToken,
  VAULT_ROTATION_INTERVAL: '1s',
  MONITORING_PORT: String(port),
  LOG_LEVEL: 'debug',
});

async function start(): Promise<PluginProcess> {
  const started = await startPlugin({ env: environment(), dir: join(folder.path, `plugin-${performance.now()}`) });
  await started.waitReady();
  // The engine is answered before the monitoring port is open.
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok, {
    timeoutMs: IN_TIME,
    what: 'monitoring',
  });
  return started;
}

let written = 0;
/** Writes a new value at Vault and returns it. */
async function write(path: string): Promise<string> {
  written += 1;
  const value = `canary-${path}-${written}-${process.pid}`;
  values.push(value);
  await vault.request('POST', `secret/data/app/${path}`, { data: { password: value } });
  return value;
}

const reaches = (service: string, secret: string, replicas: number, value: string) =>
  everyTaskHolds(engine, { service, secret, replicas, value, timeoutMs: IN_TIME });

interface ApiService {
  readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
  readonly UpdateStatus?: { readonly State: string };
}

const inspectService = async (name: string) => (await engine.api('GET', `/services/${name}`)) as ApiService;

/** How often each service was told to start its tasks anew. */
async function generations(): Promise<Readonly<Record<string, number>>> {
  const names = ['web', 'worker', 'other'];
  const services = await Promise.all(names.map(inspectService));
  return Object.fromEntries(services.map(({ Spec }, index) => [names[index], Spec.TaskTemplate.ForceUpdate ?? 0]));
}

async function rotations(): Promise<{ readonly secret_rotations: number; readonly ticker_heartbeat: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return (await response.json()) as { secret_rotations: number; ticker_heartbeat: string | null };
}

/** Waits until the plugin has counted so many rotations, so that the next one is not begun in the middle of one. */
async function counted(total: number): Promise<void> {
  await waitFor(async () => (await rotations()).secret_rotations === total, {
    timeoutMs: IN_TIME,
    what: `${total} rotations to be counted`,
  });
}

/** Waits for so many whole passes of the plugin. */
async function passes(count: number): Promise<void> {
  for (let pass = 0; pass < count; pass++) {
    const before = (await rotations()).ticker_heartbeat;
    await waitFor(async () => (await rotations()).ticker_heartbeat !== before, { timeoutMs: IN_TIME, what: 'a pass' });
  }
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(folder.path, 'engine') }),
    startVault({ dir: join(folder.path, 'vault') }),
    freePort(),
  ]);
  for (const path of ['shared', 'cert', 'queue', 'unrelated']) await write(path);
  plugin = await start();
  for (const name of ['shared', 'cert', 'queue', 'unrelated']) {
    const labels = { vault_path: `app/${name}`, vault_field: 'password' };
    secretIds.set(name, await createDriverSecret(engine, { name, driver: DRIVER, labels }));
  }
  await createService(engine, { name: 'web', replicas: 3, secrets: ['shared', 'cert'] });
  await createService(engine, { name: 'worker', replicas: 1, secrets: ['shared', 'queue'] });
  await createService(engine, { name: 'other', replicas: 1, secrets: ['unrelated'] });
  await reaches('web', 'shared', 3, values[0] ?? '');
  await reaches('worker', 'shared', 1, values[0] ?? '');
  await reaches('other', 'unrelated', 1, values[3] ?? '');
  await passes(2);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${plugin.logs().slice(-4_000)}\n`);
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await folder.remove();
});

test('three rotations in a row reach every task, each with one update of each service that uses the secret', async () => {
  const before = await generations();
  const { secret_rotations: rotated } = await rotations();
  for (const round of [1, 2, 3]) {
    const value = await write('shared');
    await Promise.all([reaches('web', 'shared', 3, value), reaches('worker', 'shared', 1, value)]);
    await counted(rotated + 2 * round);
    expect(await generations()).toEqual({
      web: (before.web ?? 0) + round,
      worker: (before.worker ?? 0) + round,
      other: before.other,
    });
  }
  for (const [name, secretId] of secretIds) {
    const secret = (await engine.api('GET', `/secrets/${secretId}`)) as {
      Spec: { Name: string; Driver: { Name: string } };
    };
    expect(secret.Spec).toMatchObject({ Name: name, Driver: { Name: DRIVER } });
  }
});

test('two secrets of a service that change together come with one update', async () => {
  const before = await generations();
  const { secret_rotations: rotated } = await rotations();
  const [shared, cert] = [await write('shared'), await write('cert')];
  await Promise.all([
    reaches('web', 'shared', 3, shared),
    reaches('web', 'cert', 3, cert),
    reaches('worker', 'shared', 1, shared),
  ]);
  await counted(rotated + 2);
  expect(await generations()).toEqual({
    web: (before.web ?? 0) + 1,
    worker: (before.worker ?? 0) + 1,
    other: before.other,
  });
});

test('a rotation happens all the same when the plugin is killed between the change and its rollout', async () => {
  const before = await generations();
  await plugin.kill('SIGKILL');
  const value = await write('queue');
  plugin = await start();
  await reaches('worker', 'queue', 1, value);
  await counted(1);
  expect(await generations()).toEqual({ ...before, worker: (before.worker ?? 0) + 1 });
});

test('nothing is restarted when the plugin is killed and started again without a change', async () => {
  const before = await generations();
  const tasks = await Promise.all(['web', 'worker', 'other'].map((name) => runningTasks(engine, name)));
  await plugin.kill('SIGKILL');
  plugin = await start();
  await passes(5);
  expect(await generations()).toEqual(before);
  const after = await Promise.all(['web', 'worker', 'other'].map((name) => runningTasks(engine, name)));
  expect(after.flat().map(({ id }) => id)).toEqual(tasks.flat().map(({ id }) => id));
});

// Swarm tries for 15 s to reach a driver for each secret of a task, and starts a task a few times before it pauses.
test('a rollout that Swarm paused while the plugin was away goes on when it is back', {
  timeout: 300_000,
}, async () => {
  const before = await generations();
  const value = await write('cert');
  await waitFor(async () => (await generations()).web === (before.web ?? 0) + 1, {
    timeoutMs: IN_TIME,
    what: 'web to roll',
  });
  await plugin.kill('SIGKILL');
  await waitFor(async () => (await inspectService('web')).UpdateStatus?.State === 'paused', {
    timeoutMs: 180_000,
    what: 'Swarm to pause the update of web',
  });
  plugin = await start();
  await reaches('web', 'cert', 3, value);
  expect(await generations()).toEqual({ ...before, web: (before.web ?? 0) + 1 });
});

test('no value is in any log, in what Docker shows, or in an answer over HTTP', async () => {
  const docker = async (...args: string[]) => (await engine.dockerBytes(...args)).toString();
  const lists = await Promise.all(['secret', 'service', 'config'].map((kind) => docker(kind, 'ls', '-q')));
  const shown = await Promise.all(
    ['secret', 'service', 'config'].map((kind, index) =>
      docker(kind, 'inspect', ...(lists[index] ?? '').trim().split(/\s+/)),
    ),
  );
  const paths = ['/', '/health', '/metrics', '/api/metrics', '/api/v1/secrets', '/api/v1/services', '/api/v1/events'];
  const answers = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      return response.text();
    }),
  );
  const everything = [...shown, ...answers, plugin.logs()].join('\n');
  expect(everything).toContain(DRIVER);
  expect(values.length).toBeGreaterThan(8);
  for (const value of values) {
    expect(everything).not.toContain(value);
    expect(everything).not.toContain(Buffer.from(value).toString('base64').slice(0, 24));
  }
});
