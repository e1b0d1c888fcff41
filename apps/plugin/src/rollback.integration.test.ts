import { createService, OneManager, runningTasks, tempDirectory, type UpdateConfig, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const IN_TIME = 90_000;

const directory = tempDirectory();
let swarm: OneManager;

/** A service whose tasks fail while the secret starts with `bad`. */
async function createPicky(name: string, secrets: readonly string[], updateConfig: UpdateConfig): Promise<void> {
  const checks = secrets.map((secret) => `grep -q ^bad /run/secrets/${secret} && exit 1`).join('; ');
  const command = ['sh', '-c', `${checks}; trap 'exit 0' TERM; sleep 100000 & wait`];
  const flags = ['--restart-delay', '1s'];
  await createService(swarm.engine, {
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
  const configs = (await swarm.engine.api('GET', '/configs')) as { Spec: { Labels: Record<string, string> } }[];
  const text = configs[0]?.Spec.Labels['vault-swarm.ledger'] ?? '';
  return (JSON.parse(text) as { services: Record<string, object> }).services;
}

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: 'take-back-test', timeoutMs: IN_TIME });
  const secrets = ['paused', 'back', 'set-a', 'set-b', 'by-hand'];
  for (const path of secrets) await swarm.write(path, 'good-1');
  await swarm.startPlugin();
  for (const name of secrets) await swarm.createSecret(name, { rotate: name === 'by-hand' ? 'manual' : 'auto' });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test.each([
  ['paused', 'pause'],
  ['back', 'rollback'],
] as const)(
  'a bad value is rolled back from the service alone that fails with it, and the next one is tried (%s, failure action %s)',
  { timeout: 300_000 },
  async (secret, failureAction) => {
    const picky = `picky-${secret}`;
    const easy = `easy-${secret}`;
    await createPicky(picky, [secret], { failureAction });
    await createService(swarm.engine, { name: easy, secrets: [secret] });
    await swarm.reaches(picky, secret, 2, 'good-1');
    await swarm.reaches(easy, secret, 1, 'good-1');

    await swarm.write(secret, 'bad-2');
    await swarm.happens('quarantine.started', picky);
    if (failureAction === 'pause') await swarm.happens('rollback.completed', picky);
    await swarm.reaches(picky, secret, 2, 'good-1');
    await swarm.reaches(easy, secret, 1, 'bad-2');
    const after = await swarm.generation(picky);
    // A restart of the plugin, or of a task, changes nothing about it.
    await swarm.restartPlugin();
    const [task] = await runningTasks(swarm.engine, picky);
    await swarm.engine.dockerBytes('kill', task?.containerId ?? '');
    await waitFor(async () => (await runningTasks(swarm.engine, picky)).every(({ id }) => id !== task?.id), {
      timeoutMs: IN_TIME,
      what: 'the killed task to end',
    });
    await swarm.reaches(picky, secret, 2, 'good-1');
    expect(await swarm.generation(picky)).toBe(after);
    expect(swarm.logged('rollout.started', picky)).toEqual([]);

    await swarm.write(secret, 'good-3');
    await swarm.reaches(picky, secret, 2, 'good-3');
    await swarm.reaches(easy, secret, 1, 'good-3');
    await swarm.happens('rollout.completed', picky);
    const isClosed = ({ spentGeneration: _, ...open }: object & { readonly spentGeneration?: number }) =>
      Object.keys(open).length === 0;
    await waitFor(async () => Object.values(await openServices()).every(isClosed), {
      timeoutMs: IN_TIME,
      what: 'nothing to be open in the ledger',
    });
    await swarm.engine.dockerBytes('service', 'rm', picky, easy);
  },
);

test('of two changed secrets the set is quarantined, though only one of them is bad', {
  timeout: 300_000,
}, async () => {
  await createPicky('pair', ['set-a', 'set-b'], { failureAction: 'pause' });
  await swarm.reaches('pair', 'set-a', 2, 'good-1');
  await swarm.write('set-a', 'good-2');
  await swarm.write('set-b', 'bad-2');
  await swarm.happens('rollback.completed', 'pair');
  await swarm.reaches('pair', 'set-a', 2, 'good-1');
  await swarm.reaches('pair', 'set-b', 2, 'good-1');
  await swarm.write('set-b', 'good-3');
  await swarm.reaches('pair', 'set-a', 2, 'good-2');
  await swarm.reaches('pair', 'set-b', 2, 'good-3');
  await swarm.engine.dockerBytes('service', 'rm', 'pair');
});

test('a deploy made while a bad value is rolled out is not undone, and a broken image is not held against it', {
  timeout: 300_000,
}, async () => {
  await swarm.write('paused', 'good-5');
  await createPicky('deployed', ['paused'], { failureAction: 'rollback' });
  await swarm.reaches('deployed', 'paused', 2, 'good-5');
  await swarm.write('paused', 'good-6');
  await swarm.happens('rollout.started', 'deployed');
  await swarm.engine.dockerBytes(
    ...['service', 'update', '--quiet', '--detach', '--no-resolve-image', '--container-label-add', 'version=2'],
    ...['--args', 'false', 'deployed'],
  );
  await waitFor(async () => (await swarm.service('deployed')).UpdateStatus?.State === 'rollback_completed', {
    timeoutMs: IN_TIME,
    what: 'Swarm to roll the broken deploy back',
  });
  await swarm.reaches('deployed', 'paused', 2, 'good-6');
  expect(swarm.logged('quarantine.started', 'deployed')).toEqual([]);
  await swarm.engine.dockerBytes(
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
  await swarm.reaches('deployed', 'paused', 2, 'good-6');
  expect((await swarm.service('deployed')).Spec.TaskTemplate.ContainerSpec.Labels).toEqual({ version: '3' });
});

async function ask(body: object): Promise<unknown> {
  const response = await fetch(`${swarm.url}/api/v1/rotate`, {
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
  await swarm.reaches('manual', 'by-hand', 2, 'good-1');
  expect(await ask({ secret: 'by-hand' })).toEqual(answer('up-to-date'));
  await swarm.write('by-hand', 'good-2');
  expect(await ask({ secret: 'by-hand' })).toEqual(answer('scheduled'));
  await swarm.reaches('manual', 'by-hand', 2, 'good-2');
  await swarm.happens('rollout.completed', 'manual');
  expect(await swarm.generation('manual')).toBe(1);

  await swarm.write('by-hand', 'bad-3');
  expect(await ask({ service: 'manual' })).toEqual(answer('scheduled'));
  await swarm.happens('rollback.completed', 'manual');
  const again = await ask({ quarantined: true });
  expect(again).toMatchObject(answer('scheduled'));
  expect(again).toMatchObject({ body: { services: [{ failed_before: { secrets: ['by-hand'] } }] } });
  await swarm.happens('rollback.completed', 'manual', 2);
  await swarm.reaches('manual', 'by-hand', 2, 'good-2');
  expect(swarm.logged('quarantine.started', 'manual')).toHaveLength(2);
  expect(await ask({ service: 'nosuch' })).toMatchObject({ status: 404 });
});
