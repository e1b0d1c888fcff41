import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  buildPluginImage,
  createDriverSecret,
  createService,
  type OwnEngine,
  readSecret,
  runningTasks,
  startManagedPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const credentials = join(directory.path, 'credentials');
const stack = resolve(import.meta.dirname, '../../../docker/stack.yml');
// Without a tag: a plugin that is no managed one is looked up by the very name that the secret has.
const driver = 'vault-secrets-plugin';
const inTime = { timeoutMs: 60_000 };
let engine: OwnEngine;
let services = 0;

beforeAll(async () => {
  await mkdir(join(credentials, 'secrets'), { recursive: true });
  await writeFile(join(credentials, 'secrets/db'), 'value');
  await writeFile(join(credentials, 'ledger-key'), 'only-for-tests');
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
  await buildPluginImage(engine, 'vault-swarm-plugin:0.2.0');
  const Data = Buffer.from('only-for-tests').toString('base64');
  for (const Name of ['vault_secret_id', 'vault_swarm_token', 'vault_swarm_ledger_key']) {
    await engine.api('POST', '/secrets/create', { Name, Data });
  }
});

afterAll(async () => {
  await engine?.stop();
  await directory.remove();
});

const startManaged = () =>
  startManagedPlugin(engine, {
    name: driver,
    credentials,
    settings: {
      SECRETS_PROVIDER: 'file',
      VAULT_ROTATION_INTERVAL: '1s',
      LEDGER_KEY_FILE: '/run/vault-swarm/ledger-key',
    },
  });

async function removeManaged(): Promise<void> {
  await engine.dockerBytes('plugin', 'disable', '--force', driver);
  await engine.dockerBytes('plugin', 'rm', driver);
}

async function startStack(): Promise<void> {
  const plugin = {
    environment: { SECRETS_PROVIDER: 'file', VAULT_ROTATION_INTERVAL: '1s' },
    volumes: [`${join(credentials, 'secrets')}:/run/vault-swarm/secrets:ro`],
  };
  const override = join(directory.path, 'override.yml');
  await writeFile(override, JSON.stringify({ version: '3.8', services: { plugin } }));
  await engine.deployStack('vault-swarm', [stack, override], {
    VAULT_ADDR: 'http://127.0.0.1:8200',
    VAULT_ROLE_ID: 'role',
    DOCKER_SOCKET: engine.socketPath,
  });
  await isServed('vault-swarm_plugin', 1);
}

/** Waits until so many tasks of a service run; resolves to their ids. */
async function isServed(service: string, replicas: number): Promise<readonly string[]> {
  return waitFor(
    async () => {
      const tasks = await runningTasks(engine, service);
      return tasks.length === replicas && tasks.map(({ id }) => id).sort();
    },
    { ...inTime, what: `${replicas} tasks of ${service}` },
  );
}

/** The current driver delivers a value to a new service. */
async function newServiceGetsItsValue(): Promise<void> {
  services += 1;
  const name = `web-${services}`;
  await createService(engine, { name, secrets: ['db'] });
  await isServed(name, 1);
  const [task] = await runningTasks(engine, name);
  expect((await readSecret(engine, task?.containerId ?? '', 'db')).toString()).toBe('value');
}

const ledgerId = async () =>
  (await engine.dockerBytes('config', 'inspect', '--format', '{{.ID}}', `${driver}.ledger`)).toString();

test('a Swarm moves from the managed plugin to the stack and back, and no service is restarted', async () => {
  await startManaged();
  await createDriverSecret(engine, { name: 'db', driver, labels: { file_path: 'db' } });
  await createService(engine, { name: 'old', replicas: 3, secrets: ['db'] });
  const tasks = await isServed('old', 3);
  const ledger = await waitFor(ledgerId, { ...inTime, what: 'the ledger' });

  await startStack();
  await removeManaged();
  await newServiceGetsItsValue();

  await startManaged();
  await engine.removeStack('vault-swarm');
  await newServiceGetsItsValue();
  expect(await isServed('old', 3)).toEqual(tasks);
  expect(await ledgerId()).toBe(ledger);
});
