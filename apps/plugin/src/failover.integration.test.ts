import { PluginSwarm, tempDirectory } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const REPLICAS = 4;
/** An election, the time that Swarm gives a dead node, and the rest of a rolling update. */
const AFTER_FAILOVER = 120_000;

const directory = tempDirectory();
let swarm: PluginSwarm;
/** The manager that was lost, while it is. */
let lostName = '';

const generation = () => swarm.generation('web');
const held = () => swarm.held('web', 'shared');
const reaches = (value: string, timeoutMs?: number) =>
  swarm.reaches('web', { secret: 'shared', replicas: REPLICAS, value }, timeoutMs);
const present = () => swarm.runners.filter(({ node }) => node.name !== lostName);

beforeAll(async () => {
  swarm = await PluginSwarm.start({ dir: directory.path, driver: 'failover-test' });
  // Slow enough that a rolling update has a middle, in which one task after the other is being replaced.
  const updateConfig = { parallelism: 1, delay: '2s' };
  await swarm.deployWeb({ replicas: REPLICAS, updateConfig });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('of three plugins the leader’s rotates, with one update of the service, and the standbys do nothing', async () => {
  const before = await generation();
  const leading = await swarm.leadingRunner();
  const value = await swarm.write('shared');
  await reaches(value);
  await leading.counted(1);
  for (const runner of swarm.runners) await runner.passes(2);
  expect(await generation()).toBe(before + 1);
  const nothing = { becameLeader: false, changes: 0, started: 0, conflicts: 0, counted: 0 };
  for (const runner of swarm.runners) {
    const wanted =
      runner === leading ? { becameLeader: true, changes: 1, started: 1, conflicts: 0, counted: 1 } : nothing;
    expect(await runner.activity()).toEqual({ name: runner.node.name, ...wanted });
  }
});

test('a rotation goes on when the leader’s plugin is killed in the middle of it and started again', async () => {
  const before = await generation();
  const leading = await swarm.leadingRunner();
  const value = await swarm.write('shared');
  await swarm.isHalfWayTo('web', 'shared', value);
  // A kill before the ledger has what a task was given costs one more update: nobody knows then what the task has.
  await leading.passes(2);
  await leading.restart();
  await reaches(value);
  await swarm.isSettled('web');
  await leading.counted(1);
  expect(await generation()).toBe(before + 1);
  expect((await swarm.leadingRunner()).node.name).toBe(leading.node.name);
});

test('every task gets the new value when leader and plugin are lost in the middle of the rolling update', async () => {
  const before = await generation();
  const lost = await swarm.leadingRunner();
  const value = await swarm.write('shared');
  await swarm.isHalfWayTo('web', 'shared', value);
  await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);
  lostName = lost.node.name;

  const next = await swarm.leadingRunner();
  expect(next.node.name).not.toBe(lostName);
  await reaches(value, AFTER_FAILOVER);
  await swarm.isSettled('web', AFTER_FAILOVER);
  expect((await held()).map((task) => task.node)).not.toContain(lostName);
  await next.counted(1);
  expect([1, 2]).toContain((await generation()) - before);

  const settled = await generation();
  for (const runner of present()) await runner.passes(5);
  expect(await generation()).toBe(settled);
  await reaches(value);
});

test('nothing is restarted when the lost manager comes back', async () => {
  const before = await generation();
  const runner = swarm.runners.find(({ node }) => node.name === lostName);
  if (runner === undefined) throw new Error('no manager was lost');
  await runner.node.start();
  await runner.start();
  for (const each of swarm.runners) await each.passes(5);
  // Only a new generation restarts tasks for the plugin. Swarm itself replaces a task if a manager's heartbeat is late.
  expect(await generation()).toBe(before);
  expect(await runner.activity()).toMatchObject({ started: 0, conflicts: 0, counted: 0 });
});
