import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  labImage,
  managedPluginDirectory,
  type OwnEngine,
  readSecret,
  runningTasks,
  startEngine,
  startManagedPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const dir = join(directory.path, 'engine');
const credentials = join(directory.path, 'credentials');
// Docker shows a plugin with a tag, and looks a secret's driver up with the one that the secret names.
const name = 'vault-secrets-plugin:latest';
const settings = { SECRETS_PROVIDER: 'file', VAULT_ROTATION_INTERVAL: '1s', LOG_LEVEL: 'debug' };
const inTime = { timeoutMs: 60_000 };
let engine: OwnEngine;

beforeAll(async () => {
  await mkdir(join(credentials, 'secrets'), { recursive: true });
  await writeFile(join(credentials, 'secrets/db'), 'first');
  engine = await startSwarm({ dir });
  await startManagedPlugin(engine, { name, credentials, settings });
  await createDriverSecret(engine, { name: 'db', driver: name, labels: { file_path: 'db' } });
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db'] });
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  process.stderr.write((await readFile(engine.logPath, 'utf8')).split('\n').slice(-60).join('\n'));
});

afterAll(async () => {
  await engine?.stop();
  await directory.remove();
});

/** Waits until both tasks have the value; resolves to their ids. */
async function reached(value: string): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, 'web');
      const values = await Promise.all(
        tasks.map(async ({ containerId }) => (await readSecret(engine, containerId, 'db')).toString()),
      );
      see(values);
      return values.length === 2 && values.every((held) => held === value) ? tasks.map(({ id }) => id).sort() : null;
    },
    { ...inTime, what: `two tasks with ${value}` },
  );
}

async function generation(): Promise<number> {
  const service = (await engine.api('GET', '/services/web')) as {
    readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
  };
  return service.Spec.TaskTemplate.ForceUpdate ?? 0;
}

/** The monitoring's answer, asked from the engine's own network. */
async function ask(path: string): Promise<string> {
  const command = ['run', '--rm', '--network', 'host', labImage, 'wget', '-q', '-O', '-'];
  return (await engine.dockerBytes(...command, `http://127.0.0.1:8080${path}`)).toString();
}

/** Waits until the plugin has compared all tasks twice since now. */
async function passes(): Promise<void> {
  const heartbeat = async () => JSON.parse(await ask('/metrics')).ticker_heartbeat as string | null;
  let last = await waitFor(heartbeat, { ...inTime, what: 'the monitoring' });
  for (let pass = 0; pass < 2; pass++) {
    const before = last;
    last = await waitFor(
      async () => {
        const now = await heartbeat();
        return now !== before && now;
      },
      { ...inTime, what: 'a pass' },
    );
  }
}

const ledgerId = async () =>
  (await engine.dockerBytes('config', 'inspect', '-f', '{{.ID}}', 'vault-secrets-plugin.ledger')).toString();

test('tasks get their secrets from the managed plugin, and a new value when it is rotated', async () => {
  await reached('first');
  await writeFile(join(credentials, 'secrets/db'), 'second');
  await reached('second');
  await waitFor(async () => JSON.parse(await ask('/health')).total_rotations === 1, { ...inTime, what: 'its count' });
  expect(await generation()).toBe(1);
  expect(JSON.parse(await ask('/health'))).toMatchObject({ healthy: true, problems: [] });
});

test('disabling and enabling it restarts nothing, and what changed meanwhile is rolled once', async () => {
  const before = await reached('second');
  await engine.dockerBytes('plugin', 'disable', '--force', name);
  await engine.dockerBytes('plugin', 'enable', name);
  await passes();
  expect(await reached('second')).toEqual(before);

  await engine.dockerBytes('plugin', 'disable', '--force', name);
  await writeFile(join(credentials, 'secrets/db'), 'third');
  await engine.dockerBytes('plugin', 'enable', name);
  await reached('third');
  expect(await generation()).toBe(2);
});

test('another build in its place restarts nothing, and goes on with the ledger', async () => {
  const before = await reached('third');
  const ledger = await ledgerId();
  const next = join(directory.path, 'next-build');
  await cp(managedPluginDirectory(), next, { recursive: true });
  await writeFile(join(next, 'rootfs/opt/vault-swarm/BUILD'), 'next');
  await engine.dockerBytes('plugin', 'disable', '--force', name);
  await engine.dockerBytes('plugin', 'rm', name);
  await startManagedPlugin(engine, { name, credentials, settings, directory: next });
  await passes();
  expect(JSON.parse(await ask('/api/v1/overview')).managers).toMatchObject([{ kind: 'managed', state: 'running' }]);
  expect(await reached('third')).toEqual(before);
  expect(await ledgerId()).toBe(ledger);
  await writeFile(join(credentials, 'secrets/db'), 'fourth');
  await reached('fourth');
  expect(await generation()).toBe(3);
});

test('it serves again after the engine was started again', async () => {
  await engine.kill();
  engine = await startEngine({ dir });
  await writeFile(join(credentials, 'secrets/db'), 'fifth');
  await reached('fifth');
});
