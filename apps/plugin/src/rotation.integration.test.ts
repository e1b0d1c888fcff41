import { createService, OneManager, runningTasks, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'rotation-test';
const IN_TIME = 60_000;

const directory = tempDirectory();
let swarm: OneManager;
const secretIds = new Map<string, string>();
/** Every value that was ever written. None may be found anywhere but in a container's secrets. */
const values: string[] = [];

let written = 0;
/** Writes a new value at Vault and returns it. */
async function write(path: string): Promise<string> {
  written += 1;
  const value = `canary-${path}-${written}-${process.pid}`;
  values.push(value);
  await swarm.write(path, value);
  return value;
}

/** How often the tasks of each service were started again. */
async function generations(): Promise<Readonly<Record<string, number>>> {
  const names = ['web', 'worker', 'other'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await swarm.generation(name)])));
}

async function rotations(): Promise<{ readonly secret_rotations: number; readonly ticker_heartbeat: string | null }> {
  return (await swarm.ask('/metrics')) as { secret_rotations: number; ticker_heartbeat: string | null };
}

/** Waits until the plugin has counted so many rotations, so that the next one is not started in the middle of one. */
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
  swarm = await OneManager.start({ dir: directory.path, driver: DRIVER, timeoutMs: IN_TIME });
  const secrets = ['shared', 'cert', 'queue', 'unrelated'];
  for (const path of secrets) await write(path);
  await swarm.startPlugin();
  for (const name of secrets) secretIds.set(name, await swarm.createSecret(name));
  await createService(swarm.engine, { name: 'web', replicas: 3, secrets: ['shared', 'cert'] });
  await createService(swarm.engine, { name: 'worker', replicas: 1, secrets: ['shared', 'queue'] });
  await createService(swarm.engine, { name: 'other', replicas: 1, secrets: ['unrelated'] });
  await swarm.reaches('web', 'shared', 3, values[0] ?? '');
  await swarm.reaches('worker', 'shared', 1, values[0] ?? '');
  await swarm.reaches('other', 'unrelated', 1, values[3] ?? '');
  await passes(2);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('three rotations in a row reach every task, each with one update of each service that uses the secret', async () => {
  const before = await generations();
  const { secret_rotations: rotated } = await rotations();
  for (const round of [1, 2, 3]) {
    const value = await write('shared');
    await Promise.all([swarm.reaches('web', 'shared', 3, value), swarm.reaches('worker', 'shared', 1, value)]);
    await counted(rotated + 2 * round);
    expect(await generations()).toEqual({
      web: (before.web ?? 0) + round,
      worker: (before.worker ?? 0) + round,
      other: before.other,
    });
  }
  for (const [name, secretId] of secretIds) {
    const secret = (await swarm.engine.api('GET', `/secrets/${secretId}`)) as {
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
    swarm.reaches('web', 'shared', 3, shared),
    swarm.reaches('web', 'cert', 3, cert),
    swarm.reaches('worker', 'shared', 1, shared),
  ]);
  await counted(rotated + 2);
  expect(await generations()).toEqual({
    web: (before.web ?? 0) + 1,
    worker: (before.worker ?? 0) + 1,
    other: before.other,
  });
});

test('a rotation still happens when the plugin is killed between the change and its rollout', async () => {
  const before = await generations();
  await swarm.plugin.kill('SIGKILL');
  const value = await write('queue');
  await swarm.startPlugin();
  await swarm.reaches('worker', 'queue', 1, value);
  await counted(1);
  expect(await generations()).toEqual({ ...before, worker: (before.worker ?? 0) + 1 });
});

test('nothing is restarted when the plugin is killed and started again without a change', async () => {
  const before = await generations();
  const tasks = await Promise.all(['web', 'worker', 'other'].map((name) => runningTasks(swarm.engine, name)));
  await swarm.plugin.kill('SIGKILL');
  await swarm.startPlugin();
  await passes(5);
  expect(await generations()).toEqual(before);
  const after = await Promise.all(['web', 'worker', 'other'].map((name) => runningTasks(swarm.engine, name)));
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
  await swarm.plugin.kill('SIGKILL');
  await waitFor(async () => (await swarm.service('web')).UpdateStatus?.State === 'paused', {
    timeoutMs: 180_000,
    what: 'Swarm to pause the update of web',
  });
  await swarm.startPlugin();
  await swarm.reaches('web', 'cert', 3, value);
  expect(await generations()).toEqual({ ...before, web: (before.web ?? 0) + 1 });
});

test('no value is in any log, in what Docker shows, or in an answer over HTTP', async () => {
  const docker = async (...args: string[]) => (await swarm.engine.dockerBytes(...args)).toString();
  const lists = await Promise.all(['secret', 'service', 'config'].map((kind) => docker(kind, 'ls', '-q')));
  const shown = await Promise.all(
    ['secret', 'service', 'config'].map((kind, index) =>
      docker(kind, 'inspect', ...(lists[index] ?? '').trim().split(/\s+/)),
    ),
  );
  const paths = ['/', '/health', '/metrics', '/api/metrics', '/api/v1/secrets', '/api/v1/services', '/api/v1/events'];
  const answers = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${swarm.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      return response.text();
    }),
  );
  const everything = [...shown, ...answers, swarm.plugin.logs()].join('\n');
  expect(everything).toContain(DRIVER);
  expect(values.length).toBeGreaterThan(8);
  for (const value of values) {
    expect(everything).not.toContain(value);
    expect(everything).not.toContain(Buffer.from(value).toString('base64').slice(0, 24));
  }
});
