import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  freePort,
  labImage,
  type OwnEngine,
  type PluginProcess,
  runningTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

// What operators do to services and nodes while secrets rotate.

const DRIVER = 'operator-actions';
const IN_TIME = 90_000;

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let port: number;

const write = (path: string, password: string) => vault.request('POST', `secret/data/${path}`, { data: { password } });

const reaches = (service: string, secret: string, value: string, replicas: number) =>
  waitForTaskValues(engine, { service, secret, replicas, value, timeoutMs: IN_TIME });

/** What a service is made from now. */
async function specOf(service: string): Promise<{ readonly generation: number; readonly env: readonly string[] }> {
  const { Spec } = (await engine.api('GET', `/services/${service}`)) as {
    readonly Spec: {
      readonly TaskTemplate: { readonly ForceUpdate?: number; readonly ContainerSpec: { readonly Env?: string[] } };
    };
  };
  const { ForceUpdate = 0, ContainerSpec } = Spec.TaskTemplate;
  return { generation: ForceUpdate, env: ContainerSpec.Env ?? [] };
}

async function problemOf(service: string): Promise<string | null> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/services?search=${service}`);
  const { services } = (await answer.json()) as {
    readonly services: readonly { readonly problem: { readonly message: string } | null }[];
  };
  return services[0]?.problem?.message ?? null;
}

async function untilProblem(service: string, isIt: (problem: string | null) => boolean): Promise<void> {
  await waitFor(
    async (see) => {
      const problem = await problemOf(service);
      see(problem);
      return isIt(problem);
    },
    { timeoutMs: IN_TIME, what: `the problem of ${service}` },
  );
}

/** Sets the only node's availability. */
async function setNode(availability: 'active' | 'pause' | 'drain'): Promise<void> {
  const [id = ''] = (await engine.dockerBytes('node', 'ls', '--quiet')).toString().trim().split('\n');
  await engine.dockerBytes('node', 'update', '--availability', availability, id);
}

function logged(event: string, service: string): number {
  const lines = plugin.logs().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((entry) => entry.event === event && entry.service === service)
    .length;
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    freePort(),
  ]);
  for (const path of ['deployed', 'everywhere']) await write(path, 'value-1');
  const env = {
    PLUGIN_NAME: DRIVER,
    DOCKER_HOST: engine.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    MONITORING_PORT: String(port),
  };
  plugin = await startPlugin({ env, dir: join(directory.path, 'plugin') });
  await plugin.waitReady();
  for (const name of ['deployed', 'everywhere']) {
    await createDriverSecret(engine, { name, driver: DRIVER, labels: { vault_path: name, vault_field: 'password' } });
  }
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(plugin?.logs() ?? '');
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

test("after a rotation a rollback undoes the rotation's update and not the deploy before; the earlier setting, deployed again, does", {
  timeout: 300_000,
}, async () => {
  const update = (...flags: string[]) => engine.docker('service', 'update', '--detach', ...flags, 'deployed');
  await createService(engine, { name: 'deployed', replicas: 2, secrets: ['deployed'], flags: ['--env', 'STAGE=one'] });
  await reaches('deployed', 'deployed', 'value-1', 2);
  const before = await runningTasks(engine, 'deployed');
  await update('--env-add', 'STAGE=two');
  await waitFor(
    async () => {
      const now = await runningTasks(engine, 'deployed');
      return now.length === 2 && now.every(({ id }) => before.every((task) => task.id !== id));
    },
    { timeoutMs: IN_TIME, what: 'the deploy' },
  );
  await write('deployed', 'value-2');
  await reaches('deployed', 'deployed', 'value-2', 2);
  await waitFor(async () => logged('rollout.completed', 'deployed') === 1, { timeoutMs: IN_TIME, what: 'the rollout' });
  expect(await specOf('deployed')).toEqual({ generation: 1, env: ['STAGE=two'] });

  await engine.docker('service', 'rollback', '--detach', 'deployed');
  await waitFor(
    async () => {
      const tasks = await runningTasks(engine, 'deployed');
      return tasks.length === 2 && tasks.every(({ generation }) => generation === 0);
    },
    { timeoutMs: IN_TIME, what: 'the rollback' },
  );
  expect(await specOf('deployed')).toEqual({ generation: 0, env: ['STAGE=two'] });
  await reaches('deployed', 'deployed', 'value-2', 2);

  await update('--env-add', 'STAGE=one');
  await reaches('deployed', 'deployed', 'value-2', 2);
  expect(await specOf('deployed')).toEqual({ generation: 0, env: ['STAGE=one'] });
  await write('deployed', 'value-3');
  await reaches('deployed', 'deployed', 'value-3', 2);
  // The number of the update that was rolled back is not used again.
  expect(await specOf('deployed')).toEqual({ generation: 2, env: ['STAGE=one'] });
  expect(logged('rollout.started', 'deployed')).toBe(2);
});

test('a global service on a paused node waits for the node and says so, and gets the value when it is active again, or drained and then active', {
  timeout: 300_000,
}, async () => {
  const options = ['--quiet', '--detach', '--no-resolve-image', '--mode', 'global', '--secret', 'everywhere'];
  await engine.dockerBytes('service', 'create', ...options, '--name', 'everywhere', labImage);
  await reaches('everywhere', 'everywhere', 'value-1', 1);
  const before = await runningTasks(engine, 'everywhere');
  await setNode('pause');
  await write('everywhere', 'value-2');
  await untilProblem('everywhere', (problem) => problem?.includes('a paused node to be active again') === true);
  expect((await runningTasks(engine, 'everywhere')).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  await setNode('active');
  await reaches('everywhere', 'everywhere', 'value-2', 1);
  await untilProblem('everywhere', (problem) => problem === null);

  await setNode('pause');
  await write('everywhere', 'value-3');
  await untilProblem('everywhere', (problem) => problem?.includes('a paused node to be active again') === true);
  await setNode('drain');
  await waitFor(async () => (await runningTasks(engine, 'everywhere')).length === 0, {
    timeoutMs: IN_TIME,
    what: 'the node to be empty',
  });
  await untilProblem('everywhere', (problem) => problem === null);
  await setNode('active');
  await reaches('everywhere', 'everywhere', 'value-3', 1);
  expect(logged('rollout.failed', 'everywhere')).toBe(0);
});
