import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createDriverSecret,
  createService,
  managedPluginDirectory,
  type OwnEngine,
  startManagedPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const guide = openDocument('docs/guides/move.md', import.meta.filename);
const directory = tempDirectory();
const credentials = join(directory.path, 'credentials');
const settings = { SECRETS_PROVIDER: 'file', VAULT_ROTATION_INTERVAL: '1s' };
const inTime = { timeoutMs: 60_000 };
let engine: OwnEngine;

beforeAll(async () => {
  await mkdir(join(credentials, 'secrets'), { recursive: true });
  await writeFile(join(credentials, 'secrets/db'), 'first');
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
});

afterAll(async () => {
  await engine?.stop();
  await directory.remove();
});

const reached = (value: string) =>
  waitForTaskValues(engine, { service: 'web', secret: 'db', replicas: 2, value, ...inTime });

test('a managed plugin takes the name of another one: no service is restarted, and the next value is rolled', async () => {
  const name = 'swarm-external-secrets:latest';
  // It stands for the other one: it answers, and does nothing else.
  const answering = { ...settings, PLUGIN_NAME: 'swarm-external-secrets', ENABLE_ROTATION: 'false' };
  await startManagedPlugin(engine, { name, credentials, settings: answering });
  await createDriverSecret(engine, { name: 'db', driver: name, labels: { file_path: 'db' } });
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db'] });
  const before = await reached('first');

  const given = Object.entries({ ...settings, 'docker.source': engine.socketPath })
    .map(([setting, value]) => `${setting}=${value}`)
    .join(' ');
  const script = fillIn(guide.take('Under its name', 'sh'), {
    'dist/plugin': managedPluginDirectory(),
    '/etc/vault-swarm': credentials,
    '…': given,
  });
  expect(guide.left()).toEqual([]);
  await run('sh', ['-ec', script], { env: { PATH: process.env.PATH, HOME: directory.path, DOCKER_HOST: engine.host } });

  // It is made in the first pass, in which the services are compared with it.
  const ledger = () => engine.dockerBytes('config', 'inspect', 'swarm-external-secrets.ledger').catch(() => null);
  await waitFor(ledger, { ...inTime, what: 'the ledger' });
  expect(await reached('first')).toEqual(before);
  await writeFile(join(credentials, 'secrets/db'), 'second');
  await reached('second');
});
