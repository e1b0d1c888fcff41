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
  type UpdateConfig,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'take-back-test';
const IN_TIME = 90_000;

const folder = tempFolder();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let port: number;

async function start(): Promise<PluginProcess> {
  const env = {
    PLUGIN_NAME: DRIVER,
    DOCKER_HOST: engine.host,
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
    VAULT_ROTATION_INTERVAL: '1s',
    MONITORING_PORT: String(port),
    LOG_LEVEL: 'debug',
  };
  const started = await startPlugin({ env, dir: join(folder.path, `plugin-${performance.now()}`) });
  await started.waitReady();
  return started;
}

const write = (path: string, password: string) => vault.request('POST', `secret/data/${path}`, { data: { password } });

const reaches = (service: string, secret: string, replicas: number, value: string) =>
  everyTaskHolds(engine, { service, secret, replicas, value, timeoutMs: IN_TIME });

interface ApiService {
  readonly Spec: {
    readonly TaskTemplate: { readonly ForceUpdate?: number; readonly ContainerSpec: { Labels?: object } };
  };
  readonly UpdateStatus?: { readonly State: string };
}

const inspect = async (name: string) => (await engine.api('GET', `/services/${name}`)) as ApiService;
const generation = async (name: string) => (await inspect(name)).Spec.TaskTemplate.ForceUpdate ?? 0;

/** The events of a type in the plugin's log, about one service. */
function logged(event: string, service: string): readonly Record<string, unknown>[] {
  const lines = plugin.logs().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((entry) => entry.event === event && entry.service === service);
}

async function happens(event: string, service: string, times = 1): Promise<void> {
  await waitFor(async () => logged(event, service).length >= times, {
    timeoutMs: IN_TIME,
    what: `${event} of ${service}`,
  });
}

/** A service whose tasks fail while the secret begins with `bad`. */
async function createPicky(name: string, secrets: readonly string[], updateConfig: UpdateConfig): Promise<void> {
  const checks = secrets.map((secret) => `grep -q ^bad /run/secrets/${secret} && exit 1`).join('; ');
  const command = ['sh', '-c', `${checks}; trap 'exit 0' TERM; sleep 100000 & wait`];
  const flags = ['--restart-delay', '1s'];
  await createService(engine, {
    name,
    replicas: 2,
    secrets,
    updateConfig: { monitor: '3s', ...updateConfig },
    command,
    flags,
  });
}

/** What is open for the services, as the ledger says. */
async function openServices(): Promise<Readonly<Record<string, { readonly setAside?: readonly unknown[] }>>> {
  const configs = (await engine.api('GET', '/configs')) as { Spec: { Labels: Record<string, string> } }[];
  const text = configs[0]?.Spec.Labels['vault-swarm.ledger'] ?? '';
  return (JSON.parse(text) as { services: Record<string, object> }).services;
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(folder.path, 'engine') }),
    startVault({ dir: join(folder.path, 'vault') }),
    freePort(),
  ]);
  for (const path of ['paused', 'back', 'set-a', 'set-b', 'by-hand']) await write(path, 'good-1');
  plugin = await start();
  for (const name of ['paused', 'back', 'set-a', 'set-b', 'by-hand']) {
    const rotate = name === 'by-hand' ? 'manual' : 'auto';
    const labels = { vault_path: name, vault_field: 'password', rotate };
    await createDriverSecret(engine, { name, driver: DRIVER, labels });
  }
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const lines = plugin.logs().trimEnd().split('\n');
  process.stderr.write(
    `${lines
      .filter((line) => !line.includes('reconcile.passed'))
      .slice(-60)
      .join('\n')}\n`,
  );
  process.stderr.write(`${JSON.stringify(await engine.api('GET', '/services'), undefined, 1).slice(-6_000)}\n`);
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop()]);
  await folder.remove();
});

test.each([
  ['paused', 'pause'],
  ['back', 'rollback'],
] as const)(
  'a bad value is taken back from the service alone that fails with it, and the next one is tried (%s, failure action %s)',
  { timeout: 300_000 },
  async (secret, failureAction) => {
    const picky = `picky-${secret}`;
    const easy = `easy-${secret}`;
    await createPicky(picky, [secret], { failureAction });
    await createService(engine, { name: easy, secrets: [secret] });
    await reaches(picky, secret, 2, 'good-1');
    await reaches(easy, secret, 1, 'good-1');

    await write(secret, 'bad-2');
    await happens('values.set-aside', picky);
    if (failureAction === 'pause') await happens('rollback.completed', picky);
    await reaches(picky, secret, 2, 'good-1');
    await reaches(easy, secret, 1, 'bad-2');
    const after = await generation(picky);
    // A restart of the plugin, or of a task, changes nothing about it.
    await plugin.kill('SIGKILL');
    plugin = await start();
    const [task] = await runningTasks(engine, picky);
    await engine.dockerBytes('kill', task?.containerId ?? '');
    await waitFor(async () => (await runningTasks(engine, picky)).every(({ id }) => id !== task?.id), {
      timeoutMs: IN_TIME,
      what: 'the killed task to end',
    });
    await reaches(picky, secret, 2, 'good-1');
    expect(await generation(picky)).toBe(after);
    expect(logged('rollout.started', picky)).toEqual([]);

    await write(secret, 'good-3');
    await reaches(picky, secret, 2, 'good-3');
    await reaches(easy, secret, 1, 'good-3');
    await happens('rollout.completed', picky);
    const isClosed = ({ spentGeneration: _, ...open }: object & { readonly spentGeneration?: number }) =>
      Object.keys(open).length === 0;
    await waitFor(async () => Object.values(await openServices()).every(isClosed), {
      timeoutMs: IN_TIME,
      what: 'nothing to be open in the ledger',
    });
    await engine.dockerBytes('service', 'rm', picky, easy);
  },
);

test('of two changed secrets the set is set aside, though only one of them is bad', { timeout: 300_000 }, async () => {
  await createPicky('pair', ['set-a', 'set-b'], { failureAction: 'pause' });
  await reaches('pair', 'set-a', 2, 'good-1');
  await write('set-a', 'good-2');
  await write('set-b', 'bad-2');
  await happens('rollback.completed', 'pair');
  await reaches('pair', 'set-a', 2, 'good-1');
  await reaches('pair', 'set-b', 2, 'good-1');
  await write('set-b', 'good-3');
  await reaches('pair', 'set-a', 2, 'good-2');
  await reaches('pair', 'set-b', 2, 'good-3');
  await engine.dockerBytes('service', 'rm', 'pair');
});

test('a deploy made while a bad value is rolled out is not undone, and a broken image is not held against it', {
  timeout: 300_000,
}, async () => {
  await write('paused', 'good-5');
  await createPicky('deployed', ['paused'], { failureAction: 'rollback' });
  await reaches('deployed', 'paused', 2, 'good-5');
  await write('paused', 'good-6');
  await happens('rollout.started', 'deployed');
  await engine.dockerBytes(
    ...['service', 'update', '--quiet', '--detach', '--no-resolve-image', '--container-label-add', 'version=2'],
    ...['--args', 'false', 'deployed'],
  );
  await waitFor(async () => (await inspect('deployed')).UpdateStatus?.State === 'rollback_completed', {
    timeoutMs: IN_TIME,
    what: 'Swarm to roll the broken deploy back',
  });
  await reaches('deployed', 'paused', 2, 'good-6');
  expect(logged('values.set-aside', 'deployed')).toEqual([]);
  await engine.dockerBytes(
    ...[
      'service',
      'update',
      '--quiet',
      '--detach',
      '--no-resolve-image',
      '--container-label-add',
      'version=3',
      'deployed',
    ],
  );
  await reaches('deployed', 'paused', 2, 'good-6');
  expect((await inspect('deployed')).Spec.TaskTemplate.ContainerSpec.Labels).toEqual({ version: '3' });
});

async function ask(body: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/rotate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const answer = (outcome: string) => ({
  status: 202,
  body: { services: [{ name: 'manual', secrets: ['by-hand'], outcome }] },
});

test('a secret that is not rotated by itself is on request, and what failed is tried again on request', {
  timeout: 300_000,
}, async () => {
  await createPicky('manual', ['by-hand'], { failureAction: 'pause' });
  await reaches('manual', 'by-hand', 2, 'good-1');
  expect(await ask({ secret: 'by-hand' })).toEqual(answer('current'));
  await write('by-hand', 'good-2');
  expect(await ask({ secret: 'by-hand' })).toEqual(answer('rolls'));
  await reaches('manual', 'by-hand', 2, 'good-2');
  await happens('rollout.completed', 'manual');
  expect(await generation('manual')).toBe(1);

  await write('by-hand', 'bad-3');
  expect(await ask({ service: 'manual' })).toEqual(answer('rolls'));
  await happens('rollback.completed', 'manual');
  expect(await ask({ set_aside: true })).toEqual(answer('rolls'));
  await happens('rollback.completed', 'manual', 2);
  await reaches('manual', 'by-hand', 2, 'good-2');
  expect(logged('values.set-aside', 'manual')).toHaveLength(2);
  expect(await ask({ service: 'nosuch' })).toMatchObject({ status: 404 });
});
