import {
  checkFinalState,
  createService,
  type PluginSwarm,
  startOnSelectedEngine,
  tempDirectory,
  type UpdateConfig,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const IN_TIME = 120_000;
let swarm: PluginSwarm;
/** What a failed test shows. */
let watched = '';

// What is logged about a value that is bad.
const explained = ['quarantine.started', 'rollout.failed'];

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'bad-value' });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe(watched));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

/** A service of two tasks that end with exit code 1 when one of their secrets starts with `bad`. */
async function createPicky(name: string, secrets: readonly string[], updateConfig: UpdateConfig): Promise<void> {
  watched = name;
  const checks = secrets.map((secret) => `grep -q ^bad /run/secrets/${secret} && exit 1`).join('; ');
  const command = ['sh', '-c', `${checks}; trap 'exit 0' TERM; sleep 100000 & wait`];
  const { engine } = await swarm.managers.leader();
  await createService(engine, {
    name,
    replicas: 2,
    secrets,
    updateConfig: { monitor: '3s', ...updateConfig },
    flags: ['--restart-delay', '1s'],
    command,
  });
}

/** How often a plugin logged an event about a service, on whatever manager. */
function logged(event: string, service: string): number {
  const entries = swarm.runners.flatMap((runner) => runner.log());
  return entries.filter((entry) => entry.event === event && entry.service === service).length;
}

async function happens(event: string, service: string): Promise<void> {
  await waitFor(async () => logged(event, service) > 0, { timeoutMs: IN_TIME, what: `${event} of ${service}` });
}

/** Changes a service as a user does, without waiting for it. */
async function deploy(service: string, ...flags: string[]): Promise<void> {
  const { engine } = await swarm.managers.leader();
  await engine.dockerBytes('service', 'update', '--quiet', '--detach', '--no-resolve-image', ...flags, service);
}

async function remove(...services: string[]): Promise<void> {
  const { engine } = await swarm.managers.leader();
  await engine.dockerBytes('service', 'rm', ...services);
}

test.each(['rollback', 'pause'] as const)(
  'a bad value is rolled back from the service that fails with it, is not tried again, and a good one follows (%s)',
  async (failureAction) => {
    const [secret, picky, easy] = [`by-${failureAction}`, `picky-${failureAction}`, `easy-${failureAction}`];
    await swarm.createSecret(secret, 'good-1');
    await createPicky(picky, [secret], { failureAction });
    await createService((await swarm.managers.leader()).engine, { name: easy, secrets: [secret] });
    await swarm.reaches(picky, { secret, replicas: 2, value: 'good-1' });
    await swarm.reaches(easy, { secret, replicas: 1, value: 'good-1' });

    await swarm.write(secret, 'bad-2');
    await happens('quarantine.started', picky);
    await swarm.reaches(picky, { secret, replicas: 2, value: 'good-1' }, IN_TIME);
    await swarm.reaches(easy, { secret, replicas: 1, value: 'bad-2' });
    await waitFor(async () => (await swarm.service(picky)).UpdateStatus?.State.endsWith('completed'), {
      timeoutMs: IN_TIME,
      what: 'Swarm to have done with the service',
    });
    const taken = await swarm.generation(picky);
    const tasks = await swarm.held(picky, secret);
    await (await swarm.leadingRunner()).passes(15);
    expect(await swarm.generation(picky)).toBe(taken);
    expect(await swarm.held(picky, secret)).toEqual(tasks);
    expect(logged('quarantine.started', picky)).toBe(1);

    await swarm.write(secret, 'good-3');
    const values = { [secret]: 'good-3' };
    await checkFinalState(swarm, {
      services: [
        // After Swarm's own rollback the number that failed is left out: it is not used twice.
        { name: picky, replicas: 2, values, generation: failureAction === 'pause' ? 3 : 2 },
        { name: easy, replicas: 1, values, generation: 2 },
      ],
      explained,
    });
    await remove(picky, easy);
  },
);

test('of two changed secrets one is bad: both are rolled back, and come together when that one is good', async () => {
  for (const secret of ['set-a', 'set-b']) await swarm.createSecret(secret, 'good-1');
  await createPicky('pair', ['set-a', 'set-b'], { failureAction: 'pause' });
  await swarm.reaches('pair', { secret: 'set-a', replicas: 2, value: 'good-1' });
  await swarm.write('set-a', 'good-2');
  await swarm.write('set-b', 'bad-2');
  await happens('rollback.completed', 'pair');
  for (const secret of ['set-a', 'set-b']) await swarm.reaches('pair', { secret, replicas: 2, value: 'good-1' });
  await swarm.write('set-b', 'good-3');
  await checkFinalState(swarm, {
    services: [{ name: 'pair', replicas: 2, values: { 'set-a': 'good-2', 'set-b': 'good-3' }, generation: 3 }],
    explained,
  });
  await remove('pair');
});

test('a user’s broken image is not held against a value that changes at the same time', async () => {
  await swarm.createSecret('image', 'good-1');
  await createPicky('broken', ['image'], { failureAction: 'pause' });
  await swarm.reaches('broken', { secret: 'image', replicas: 2, value: 'good-1' });
  await Promise.all([swarm.write('image', 'good-2'), deploy('broken', '--image', 'no-such-image:1')]);
  await waitFor(async () => (await swarm.service('broken')).UpdateStatus?.State === 'paused', {
    timeoutMs: IN_TIME,
    what: 'Swarm to pause the broken deploy',
  });
  await (await swarm.leadingRunner()).passes(10);
  expect(logged('quarantine.started', 'broken')).toBe(0);
  await deploy('broken', '--image', 'vault-swarm-lab:1');
  await checkFinalState(swarm, {
    // The user's own update may have brought the value already.
    services: [{ name: 'broken', replicas: 2, values: { image: 'good-2' }, generation: [0, 1] }],
    explained,
  });
  await remove('broken');
});

test('a deploy made in the middle of a rollout is not undone, and every task has deploy and value', async () => {
  await swarm.createSecret('meanwhile', 'good-1');
  await createPicky('deployed', ['meanwhile'], { failureAction: 'pause', delay: '5s' });
  await swarm.reaches('deployed', { secret: 'meanwhile', replicas: 2, value: 'good-1' });
  await swarm.write('meanwhile', 'good-2');
  await swarm.isHalfWayTo('deployed', 'meanwhile', 'good-2');
  await deploy('deployed', '--container-label-add', 'version=2');
  await checkFinalState(swarm, {
    // A task whose generation is not learned in time, on a busy machine, is given the last good value: one more rollout.
    services: [{ name: 'deployed', replicas: 2, values: { meanwhile: 'good-2' }, generation: [1, 2] }],
    explained,
  });
  const { Labels } = (await swarm.service('deployed')).Spec.TaskTemplate.ContainerSpec;
  expect(Labels).toEqual({ version: '2' });
  await remove('deployed');
});

test('a deploy made while a bad value is rolled out is not undone, and goes on with the next good value', async () => {
  await swarm.createSecret('spoilt', 'good-1');
  await createPicky('changed', ['spoilt'], { failureAction: 'pause' });
  await swarm.reaches('changed', { secret: 'spoilt', replicas: 2, value: 'good-1' });
  await swarm.write('spoilt', 'bad-2');
  await happens('rollout.started', 'changed');
  await deploy('changed', '--container-label-add', 'version=2');
  await (await swarm.leadingRunner()).passes(20);
  await swarm.write('spoilt', 'good-3');
  await swarm.reaches('changed', { secret: 'spoilt', replicas: 2, value: 'good-3' }, IN_TIME);
  const values = { spoilt: 'good-3' };
  await checkFinalState(swarm, {
    // One where the user's update has replaced every task; more where the bad value was rolled back before it.
    services: [{ name: 'changed', replicas: 2, values, generation: [1, 2, 3] }],
    explained,
  });
  const { Labels } = (await swarm.service('changed')).Spec.TaskTemplate.ContainerSpec;
  expect(Labels).toEqual({ version: '2' });
  await remove('changed');
});
