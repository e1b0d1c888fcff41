import { join } from 'node:path';
import { createService, driverRequest, OneManager, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SocketProxy } from './testing/socket-proxy.ts';

const DRIVER = 'socket-proxy-test';

const directory = tempDirectory();
let swarm: OneManager;
let proxy: SocketProxy;

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: DRIVER });
  const socket = join(directory.path, 'proxy.sock');
  proxy = await SocketProxy.start(socket, swarm.engine.socketPath);
  await swarm.write('db', 'one');
  await swarm.startPlugin({ DOCKER_HOST: `unix://${socket}` });
  await swarm.createSecret('db');
  await createService(swarm.engine, { name: 'web', replicas: 2, secrets: ['db'] });
  await swarm.reaches('web', 'db', 2, 'one');
  await isWell();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await swarm?.stop();
  proxy?.stop();
  await directory.remove();
});

const isWell = () =>
  waitFor(async () => (await swarm.problems()).length === 0, { timeoutMs: 60_000, what: 'no problem' });

test.each([
  ['the ledger', 'GET /configs', (method: string, path: string) => method !== 'GET' || !path.startsWith('/configs')],
  ['secrets', 'GET /secrets', (_: string, path: string) => !path.startsWith('/secrets')],
  ['nodes', 'GET /nodes', (_: string, path: string) => !path.startsWith('/nodes')],
] as const)(
  'a filter before Docker that refuses %s is named with the request; values are served, and it goes on',
  async (_, named, allows) => {
    proxy.allow(allows);
    await swarm.hasProblem('Docker refuses a request that the plugin needs');
    await swarm.hasProblem(named);
    expect(await swarm.problems()).not.toContainEqual(expect.stringContaining('does not answer'));
    const asked = { SecretName: 'db', SecretLabels: { vault_path: 'db', vault_field: 'password' }, ServiceName: 'web' };
    const { body } = await driverRequest(swarm.plugin.socketPath, '/SecretProvider.GetSecret', asked);
    expect(JSON.parse(body).Value).toBe(Buffer.from('one').toString('base64'));
    proxy.allow(() => true);
    await isWell();
  },
);

test('a filter that refuses to write holds a rotation up, says so, and the rotation is done when it is allowed', async () => {
  proxy.allow((method) => method === 'GET');
  const before = await swarm.generation('web');
  await swarm.write('db', 'two');
  await waitFor(async () => swarm.plugin.logs().includes('403'), { timeoutMs: 60_000, what: 'the refusal in the log' });
  expect(await swarm.generation('web')).toBe(before);
  proxy.allow(() => true);
  await swarm.reaches('web', 'db', 2, 'two');
  expect(await swarm.generation('web')).toBe(before + 1);
});

test('a filter that refuses the stream of events costs only the hint', async () => {
  proxy.allow((_, path) => !path.startsWith('/events'));
  await swarm.restartPlugin();
  await swarm.write('db', 'three');
  await swarm.reaches('web', 'db', 2, 'three');
});

test('options of the driver, which a stack file can give, are named in the problems', async () => {
  proxy.allow(() => true);
  await swarm.engine.api('POST', '/secrets/create', {
    Name: 'optioned',
    Driver: { Name: DRIVER, Options: { vault_path: 'db' } },
  });
  await swarm.hasProblem('the driver is not given the options vault_path of optioned');
  const asked = { SecretName: 'optioned', ServiceName: 'web' };
  const { body } = await driverRequest(swarm.plugin.socketPath, '/SecretProvider.GetSecret', asked);
  expect(JSON.parse(body).Err).toContain(
    'no label gives its path, so the default is read; set the label vault_path (an option of the driver does not count)',
  );
});
