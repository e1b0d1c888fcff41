import { setTimeout as delay } from 'node:timers/promises';
import { checkFinalState, type PluginSwarm, startOnSelectedEngine, tempDirectory } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const REPLICAS = 3;
const CUT_OFF_MS = 30_000;
const AFTER_FAILOVER = 180_000;
let swarm: PluginSwarm;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'cut-off' });
  await swarm.deployWeb({ replicas: REPLICAS });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('a leader that is cut off for 30 s rolls nothing, and the others rotate what changed meanwhile', async () => {
  const before = await swarm.generation('web');
  const cut = await swarm.leadingRunner();
  const startedBefore = cut.logged('rollout.started');
  await swarm.managers.cutOff(cut.node);
  const since = performance.now();
  const value = await swarm.write('shared');
  const next = await swarm.leadingRunner();
  expect(next.node.name).not.toBe(cut.node.name);
  // The cable stays out for as long as the scenario says, however quick the election was.
  await delay(Math.max(0, CUT_OFF_MS - (performance.now() - since)));
  expect(cut.logged('rollout.started')).toBe(startedBefore);
  expect(cut.logged('rollout.completed')).toBe(0);
  await swarm.managers.reconnect(cut.node);

  await swarm.reaches('web', { secret: 'shared', replicas: REPLICAS, value }, AFTER_FAILOVER);
  await checkFinalState(swarm, {
    services: [{ name: 'web', replicas: REPLICAS, values: { shared: value }, generation: before + 1 }],
    explained: ['orchestrator.failed', 'reconcile.failed'],
  });
});
