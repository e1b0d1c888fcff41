// While secrets rotate, a service never has fewer running tasks than the same update leaves it under Swarm alone.
import {
  createService,
  labImage,
  OneManager,
  RunningTasksSampler,
  runningTasks,
  serviceTasks,
  tempDirectory,
  type UpdateConfig,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SocketProxy } from './testing/socket-proxy.ts';

const REPLICAS = 3;
/** What Swarm leaves if it stops one task before it starts the next, and goes no further than the first failure. */
const ALL_BUT_ONE = REPLICAS - 1;
const IN_TIME = 150_000;

const directory = tempDirectory();
const socketPath = `${directory.path}/docker.sock`;
let swarm: OneManager;
let proxy: SocketProxy;
let sampler: RunningTasksSampler;

/** A service or a secret as the plugin shows it. */
interface Shown {
  readonly name: string;
  readonly problem: { readonly message: string } | null;
  /** Of a service. */
  readonly rollout?: object | null;
}

/** Waits until the plugin shows a service or a secret as wanted. */
async function shows(list: 'services' | 'secrets', name: string, isWanted: (shown: Shown) => boolean): Promise<void> {
  await waitFor(
    async (see) => {
      const page = (await swarm.ask(`/api/v1/${list}?search=${name}`)) as Record<string, readonly Shown[]>;
      see(page);
      return page[list]?.some((shown) => shown.name === name && isWanted(shown));
    },
    { timeoutMs: IN_TIME, what: `what the plugin shows of ${name}` },
  );
}

/** Waits until the plugin's problem with a service or a secret has these words. */
const says = (list: 'services' | 'secrets', name: string, words: string) =>
  shows(list, name, ({ problem }) => problem?.message.includes(words) === true);

/** Updates a service as its user does. The command fails if Swarm writes the service at the same moment. */
async function update(service: string, ...flags: string[]): Promise<void> {
  const command = ['service', 'update', '--quiet', '--detach', '--no-resolve-image', ...flags, service];
  await waitFor(() => swarm.engine.dockerBytes(...command), { timeoutMs: IN_TIME, what: `the update of ${service}` });
}

interface Options {
  readonly secrets?: readonly string[];
  readonly updateConfig: UpdateConfig;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly flags?: readonly string[];
}

/** Creates a service, and waits until it runs. Resolves to a function that returns the fewest of its tasks that ran since. */
async function createWatched(name: string, { flags = [], ...options }: Options): Promise<() => number> {
  const id = await createService(swarm.engine, {
    ...options,
    name,
    replicas: REPLICAS,
    flags: ['--restart-delay', '1s', ...flags],
  });
  for (const secret of options.secrets ?? []) await swarm.reaches(name, secret, REPLICAS, 'value-1');
  await waitFor(async () => (await runningTasks(swarm.engine, name)).length === REPLICAS, {
    timeoutMs: IN_TIME,
    what: `${name} to run`,
  });
  return sampler.watch(id);
}

/** Commands of a task that fails if `condition` is true. */
const failsIf = (condition: string) => ['sh', '-c', `${condition} && exit 1; trap 'exit 0' TERM; sleep 100000 & wait`];

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: 'no-harm-test', timeoutMs: IN_TIME });
  process.stderr.write(`Docker ${swarm.engine.version}\n`);
  proxy = await SocketProxy.start(socketPath, swarm.engine.socketPath);
  const secrets = [
    ...['certificate', 'changed', 'deleted', 'by-pause', 'by-rollback'],
    ...['silent', 'overtaken', 'scaled'],
  ];
  for (const path of secrets) await swarm.write(path, 'value-1');
  await swarm.startPlugin({ DOCKER_HOST: `unix://${socketPath}`, ROTATION_MAX_PARALLEL: '20' });
  for (const name of secrets) await swarm.createSecret(name);
  sampler = RunningTasksSampler.start(swarm.engine);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await sampler?.stop();
  await swarm?.stop();
  proxy?.stop();
  await directory.remove();
});

test.concurrent('a rollout whose image is gone takes no more tasks down than Swarm does, is not completed, and goes on when the image is back', {
  timeout: 400_000,
}, async () => {
  const image = 'no-harm:1';
  await swarm.engine.dockerBytes('tag', labImage, image);
  const configs: Readonly<Record<string, UpdateConfig>> = {
    paused: { failureAction: 'pause' },
    eager: { failureAction: 'pause', order: 'start-first' },
    'rolled-back': { failureAction: 'rollback' },
  };
  const names = Object.keys(configs);
  const created = await Promise.all(
    Object.entries(configs).map(async ([name, updateConfig]) => ({
      name,
      plugin: await createWatched(name, { updateConfig, image, secrets: ['certificate'] }),
      swarm: await createWatched(`${name}-alone`, { updateConfig, image }),
    })),
  );
  await swarm.engine.dockerBytes('rmi', '--no-prune', image);
  await swarm.write('certificate', 'value-2');
  await Promise.all(names.map((name) => update(`${name}-alone`, '--force')));
  const words = 'waits for the tasks of its paused update to run';
  await Promise.all(['paused', 'eager'].map((name) => says('services', name, words)));
  expect(await swarm.ask('/api/v1/services?search=rolled-back')).toMatchObject({
    services: [{ state: { code: 'degraded', message: expect.stringContaining('No such image') } }],
  });
  const fewest = created.map((each) => [each.name, each.plugin(), each.swarm()]);
  expect(fewest).toEqual([
    ['paused', ALL_BUT_ONE, ALL_BUT_ONE],
    ['eager', REPLICAS, REPLICAS],
    ['rolled-back', ALL_BUT_ONE, ALL_BUT_ONE],
  ]);
  for (const name of names) expect(swarm.logged('rollout.completed', name)).toEqual([]);
  await swarm.engine.dockerBytes('tag', labImage, image);
  for (const name of names) await swarm.reaches(name, 'certificate', REPLICAS, 'value-2');
  for (const name of names) await swarm.happens('rollout.completed', name);
  expect(created.map((each) => [each.name, each.plugin(), each.swarm()])).toEqual(fewest);
});

test.concurrent('a service one of whose secrets was deleted keeps all of its tasks when another changes, until the value is back', {
  timeout: 400_000,
}, async () => {
  const fewest = await createWatched('sibling', { secrets: ['changed', 'deleted'], updateConfig: {} });
  await swarm.vault.request('DELETE', 'secret/metadata/deleted');
  await says('secrets', 'deleted', 'deleted');
  await swarm.write('changed', 'value-2');
  await says('services', 'sibling', 'its secret deleted to have a value');
  expect(await swarm.generation('sibling')).toBe(0);
  expect(fewest()).toBe(REPLICAS);
  await swarm.write('deleted', 'value-1');
  await swarm.reaches('sibling', 'changed', REPLICAS, 'value-2');
  expect(fewest()).toBe(ALL_BUT_ONE);
});

test.concurrent.each(['pause', 'rollback'] as const)(
  'a bad value takes one task down, and its rollback none of those that run (failure action %s)',
  { timeout: 400_000 },
  async (failureAction) => {
    const secret = `by-${failureAction}`;
    const name = `picky-${failureAction}`;
    const fewest = await createWatched(name, {
      secrets: [secret],
      // The delay is longer than a task takes to fail, also on a busy machine. So Swarm alone leaves all tasks but one.
      updateConfig: { delay: '40s', monitor: '40s', failureAction },
      command: failsIf(`grep -q ^bad /run/secrets/${secret}`),
    });
    const before = (await runningTasks(swarm.engine, name)).map(({ id }) => id);
    await swarm.write(secret, 'bad-2');
    await swarm.happens('quarantine.started', name);
    if (failureAction === 'pause') await swarm.happens('rollback.completed', name);
    await swarm.reaches(name, secret, REPLICAS, 'value-1');
    expect(fewest()).toBe(ALL_BUT_ONE);
    const kept = (await runningTasks(swarm.engine, name)).filter(({ id }) => before.includes(id));
    expect(kept).toHaveLength(ALL_BUT_ONE);
    expect(swarm.logged('rollout.completed', name)).toEqual([]);
  },
);

test.concurrent('a bad value is rolled back though Swarm reports nothing about the update any more', {
  timeout: 400_000,
}, async () => {
  // All tasks are replaced at the same time, and one of them fails, which Swarm tolerates.
  const fewest = await createWatched('silent', {
    secrets: ['silent'],
    updateConfig: {
      order: 'start-first',
      parallelism: 0,
      maxFailureRatio: 0.5,
      // A busy machine must have time for the update below before Swarm's own ends.
      monitor: '45s',
      failureAction: 'pause',
    },
    // Swarm stops the earlier task once it has seen that the new one runs.
    command: failsIf('test "$SLOT" = 1 && grep -q ^bad /run/secrets/silent && sleep 2'),
    flags: ['--env', 'SLOT={{.Task.Slot}}'],
  });
  await swarm.write('silent', 'bad-2');
  const isReplaced = async () => {
    const tasks = await serviceTasks(swarm.engine, 'silent');
    const desired = tasks.filter(({ desiredState }) => desiredState === 'running' || desiredState === 'ready');
    return desired.length === REPLICAS && desired.every(({ generation }) => generation === 1);
  };
  await waitFor(isReplaced, { timeoutMs: IN_TIME, what: 'only tasks with the new value' });
  // Swarm forgets the state of the update, and has nothing left to replace.
  await update('silent', '--label-add', 'changed=yes');
  await swarm.happens('rollback.completed', 'silent');
  await swarm.reaches('silent', 'silent', REPLICAS, 'value-1');
  expect(swarm.logged('quarantine.started', 'silent')).toHaveLength(1);
  expect(swarm.logged('rollout.completed', 'silent')).toEqual([]);
  // Under Swarm alone, the task that fails would be down for good.
  expect(fewest()).toBeGreaterThanOrEqual(ALL_BUT_ONE);
});

test.concurrent('a rollout that a broken deploy overtook waits until Swarm has rolled the deploy back', {
  timeout: 400_000,
}, async () => {
  const updateConfig = { monitor: '2s', failureAction: 'rollback' } as const;
  const fewest = await createWatched('overtaken', { secrets: ['overtaken'], updateConfig });
  const { ID } = (await swarm.engine.api('GET', '/services/overtaken')) as { readonly ID: string };
  proxy.allow(async (method, path) => {
    if (method !== 'POST' || !path.startsWith(`/services/${ID}/update`)) return true;
    proxy.allow(() => true);
    await update('overtaken', '--image', 'no-such-image:1');
    return true;
  });
  await swarm.write('overtaken', 'value-2');
  await swarm.happens('rollout.conflict', 'overtaken');
  await swarm.reaches('overtaken', 'overtaken', REPLICAS, 'value-2');
  await swarm.happens('rollout.completed', 'overtaken');
  expect(fewest()).toBe(ALL_BUT_ONE);
  expect(swarm.logged('quarantine.started', 'overtaken')).toEqual([]);
});

test.concurrent('a service that is scaled to 0 in the middle of a rollout has rotated nothing', {
  timeout: 400_000,
}, async () => {
  await createWatched('scaled', { secrets: ['scaled'], updateConfig: { delay: '3s' } });
  await swarm.write('scaled', 'value-2');
  await swarm.happens('rollout.started', 'scaled');
  // The update of the service follows the event. If the service is scaled before it, there is nothing in the middle.
  await waitFor(async () => (await swarm.generation('scaled')) === 1, { timeoutMs: IN_TIME, what: 'the rollout' });
  await update('scaled', '--replicas', '0');
  await shows('services', 'scaled', ({ rollout }) => rollout === null);
  // A busy Swarm that has not stopped the old tasks yet keeps them when the service is scaled up. Then they are rolled.
  await waitFor(async () => (await runningTasks(swarm.engine, 'scaled')).length === 0, {
    timeoutMs: IN_TIME,
    what: 'the service to have no task',
  });
  await update('scaled', '--replicas', String(REPLICAS));
  await swarm.reaches('scaled', 'scaled', REPLICAS, 'value-2');
  expect(swarm.logged('rollout.completed', 'scaled')).toEqual([]);
  expect(await swarm.generation('scaled')).toBe(1);
});
