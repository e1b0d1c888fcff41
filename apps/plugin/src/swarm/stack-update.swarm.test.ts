import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  buildPluginImage,
  createDriverSecret,
  createService,
  type ManagerNode,
  type Managers,
  runningTasks,
  type ServiceTask,
  serviceTasks,
  startManagers,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const files = join(directory.path, 'files');
const stack = resolve(import.meta.dirname, '../../../../docker/stack.yml');
const stackName = 'vault-swarm';
const plugin = `${stackName}_plugin`;
/** In each manager's own directory of plugin sockets, so that all of them have it under one name. */
const engineSocket = '/run/docker/plugins/engine.sock';
const inTime = { timeoutMs: 120_000 };
let managers: Managers;
let leader: ManagerNode;

/** What the test changes of the stack: the provider is a directory, since the managers' network has no Vault. */
async function override(name: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const file = join(directory.path, `${name}.yml`);
  const service = {
    environment: { SECRETS_PROVIDER: 'file', VAULT_ROTATION_INTERVAL: '1s', ...environment },
    volumes: [`${files}:/run/vault-swarm/secrets:ro`],
    healthcheck: {
      test: ['CMD', '/bin/node', '/opt/vault-swarm/main.js', '--check-live'],
      interval: '2s',
      timeout: '6s',
      start_period: '5s',
      retries: 5,
    },
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ version: '3.8', services: { plugin: service } }));
  return file;
}

async function deploy(name: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const variables = { VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_ROLE_ID: 'role', DOCKER_SOCKET: engineSocket };
  await leader.engine.deployStack(stackName, [stack, await override(name, environment)], variables);
}

async function createPlainSecret(name: string): Promise<void> {
  const Data = Buffer.from('only-for-tests').toString('base64');
  await leader.engine.api('POST', '/secrets/create', { Name: name, Data });
}

/** Waits until Swarm says how the update of the plugin's service ended. */
async function updateEnds(state: string): Promise<void> {
  await waitFor(
    async (see) => {
      const { UpdateStatus: status } = (await leader.engine.api('GET', `/services/${plugin}`)) as {
        readonly UpdateStatus?: { readonly State: string };
      };
      see([status, await serviceTasks(leader.engine, plugin)]);
      return status?.State === state;
    },
    { timeoutMs: 300_000, what: `the update of the plugins to be ${state}` },
  );
}

/** The plugins that run: on which node, and which task each is. */
async function plugins(): Promise<Readonly<Record<string, string>>> {
  const tasks = await runningTasks(leader.engine, plugin);
  return Object.fromEntries(tasks.map(({ id, nodeId }) => [managers.node(nodeId).name, id]));
}

let deployed = 0;

/** Deploys one service after the other while something else goes on; resolves to what became of all of their tasks. */
async function whileServicesAreDeployed(action: Promise<void>): Promise<readonly ServiceTask[]> {
  let isOver = false;
  const ended = action.finally(() => {
    isOver = true;
  });
  const names: string[] = [];
  while (!isOver) {
    deployed += 1;
    const name = `web-${deployed}`;
    names.push(name);
    await createService(leader.engine, { name, replicas: 2, secrets: ['db'] });
    await waitFor(async () => (await runningTasks(leader.engine, name)).length === 2 || isOver, {
      ...inTime,
      what: `the tasks of ${name}`,
    });
  }
  await ended;
  const tasks: ServiceTask[] = [];
  for (const name of names) {
    await waitFor(async () => (await runningTasks(leader.engine, name)).length === 2, { ...inTime, what: name });
    tasks.push(...(await serviceTasks(leader.engine, name)));
    await leader.engine.dockerBytes('service', 'rm', name);
  }
  process.stderr.write(`${names.length} services were deployed meanwhile\n`);
  return tasks;
}

beforeAll(async () => {
  await mkdir(files, { recursive: true });
  await writeFile(join(files, 'db'), 'value');
  managers = await startManagers({
    dir: join(directory.path, 's'),
    extraFlags: ['--host', `unix://${engineSocket}`],
  });
  for (const { engine } of managers.nodes) await buildPluginImage(engine, 'vault-swarm-plugin:0.2.0');
  leader = await managers.leader();
  for (const name of ['vault_secret_id', 'vault_swarm_token', 'vault_swarm_ledger_key']) await createPlainSecret(name);
  await deploy('first', {});
  await waitFor(async () => Object.keys(await plugins()).length === 3, { ...inTime, what: 'three plugins' });
  await createDriverSecret(leader.engine, {
    name: 'db',
    driver: 'vault-secrets-plugin',
    labels: { file_path: 'db' },
  });
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const { name, engine } of managers.nodes) {
    const { stdout } = await engine.docker('ps', '--all', '--quiet', '--filter', `name=${plugin}`);
    for (const container of stdout.split('\n').filter(Boolean)) {
      process.stderr.write(`--- ${name}\n${(await engine.docker('logs', '--tail', '30', container)).stderr}`);
    }
  }
});

afterAll(async () => {
  await managers?.stop();
  await directory.remove();
});

test('the plugins are updated one manager after the other, and no task of a service notices', async () => {
  const before = await plugins();
  await deploy('second', { LOG_LEVEL: 'debug' });
  const tasks = await whileServicesAreDeployed(updateEnds('completed'));
  const after = await plugins();
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  expect(Object.values(after).some((task) => Object.values(before).includes(task))).toBe(false);
  expect(tasks.filter(({ state }) => state !== 'running')).toEqual([]);
});

test('an update to plugins that can not answer is rolled back, and no task of a service notices', async () => {
  const before = await plugins();
  // Nobody answers at that address.
  await deploy('broken', { SECRETS_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:9' });
  const tasks = await whileServicesAreDeployed(updateEnds('rollback_completed'));
  expect(Object.keys(await plugins()).sort()).toEqual(Object.keys(before).sort());
  expect(tasks.filter(({ state }) => state !== 'running')).toEqual([]);
});
