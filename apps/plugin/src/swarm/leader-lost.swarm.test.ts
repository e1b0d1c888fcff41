import { checkFinalState, type PluginSwarm, startOnSelectedEngine, tempDirectory } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
/** An election, the time that Swarm gives a dead node, and the rest of a rolling update. */
const AFTER_FAILOVER = 150_000;
let swarm: PluginSwarm;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'leader-lost' });
  // Slow enough that a rolling update has a middle, in which one task after the other is being replaced.
  const updateConfig = { parallelism: 1, delay: '2s' };
  await swarm.deployWeb({ replicas: 4, updateConfig });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('a rotation is brought to its end when leader and plugin are lost in the middle of it, and come back', async () => {
  const before = await swarm.generation('web');
  const lost = await swarm.leadingRunner();
  const value = await swarm.write('shared');
  await swarm.isHalfWayTo('web', 'shared', value);
  await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);

  expect((await swarm.managers.leader()).name).not.toBe(lost.node.name);
  await swarm.reaches('web', { secret: 'shared', replicas: 4, value }, AFTER_FAILOVER);
  await swarm.isSettled('web', AFTER_FAILOVER);
  await lost.node.start();
  await lost.start();
  for (const runner of swarm.runners) await runner.passes(5);
  await checkFinalState(swarm, {
    services: [{ name: 'web', replicas: 4, values: { shared: value }, generation: [before + 1, before + 2] }],
    // Between two leaders the engines do not answer.
    explained: ['orchestrator.failed', 'reconcile.failed'],
  });
});
