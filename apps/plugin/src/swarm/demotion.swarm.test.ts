import {
  checkFinalState,
  type ManagerNode,
  type PluginRunner,
  type PluginSwarm,
  startOnSelectedEngine,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const REPLICAS = 4;
const AFTER_FAILOVER = 180_000;
const ON_A_WORKER = 'This node is not a manager';
let swarm: PluginSwarm;
/** A worker until it is promoted; the three others are managers. */
let spare: ManagerNode;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'demotion', count: 4 });
  const leader = await swarm.managers.leader();
  spare = swarm.managers.nodes.filter((node) => node !== leader)[0] ?? leader;
  await leader.engine.dockerBytes('node', 'demote', spare.nodeId);
  // Slow enough that a worker can be made a manager, and the leader a worker, in the middle of a rolling update.
  const updateConfig = { parallelism: 1, delay: '8s' };
  await swarm.deployWeb({ replicas: REPLICAS, updateConfig });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

/** What its present plugin says is wrong, to anybody. */
async function problems({ url }: PluginRunner): Promise<readonly string[]> {
  return ((await (await fetch(`${url}/health`)).json()) as { readonly problems: readonly string[] }).problems;
}

function saysThatItIsAWorker(runner: PluginRunner, isWorker: boolean): Promise<unknown> {
  return waitFor(
    async (see) => {
      const now = await problems(runner);
      see(now);
      return now.includes(ON_A_WORKER) === isWorker;
    },
    { timeoutMs: AFTER_FAILOVER, what: `${runner.node.name} to ${isWorker ? '' : 'no longer '}say "${ON_A_WORKER}"` },
  );
}

test('a rotation goes on while its leader becomes a worker and a worker a manager, and the plugin on a worker does nothing', async () => {
  const before = await swarm.generation('web');
  const demoted = await swarm.leadingRunner();
  const promoted = swarm.runnerOf(spare);
  await saysThatItIsAWorker(promoted, true);
  const first = await swarm.write('shared');
  await swarm.isHalfWayTo('web', 'shared', first);
  const other = swarm.managers.nodes.find((node) => node !== spare && node !== demoted.node) ?? spare;
  await other.engine.dockerBytes('node', 'promote', spare.nodeId);
  await saysThatItIsAWorker(promoted, false);
  await other.engine.dockerBytes('node', 'demote', demoted.node.nodeId);

  await saysThatItIsAWorker(demoted, true);
  expect((await swarm.managers.leader()).name).not.toBe(demoted.node.name);
  const started = demoted.logged('rollout.started');
  await swarm.reaches('web', { secret: 'shared', replicas: REPLICAS, value: first }, AFTER_FAILOVER);
  await swarm.isSettled('web', AFTER_FAILOVER);
  const afterFirst = await swarm.generation('web');
  expect([before + 1, before + 2]).toContain(afterFirst);

  const second = await swarm.write('shared');
  await swarm.reaches('web', { secret: 'shared', replicas: REPLICAS, value: second }, AFTER_FAILOVER);
  await swarm.isSettled('web', AFTER_FAILOVER);
  await demoted.passes(3);
  expect(demoted.logged('rollout.started')).toBe(started);
  expect(await problems(demoted)).toEqual([ON_A_WORKER]);
  await checkFinalState(swarm, {
    services: [{ name: 'web', replicas: REPLICAS, values: { shared: second }, generation: afterFirst + 1 }],
    // While the role of a node changes, its engine answers nothing for some seconds.
    explained: ['orchestrator.failed', 'reconcile.failed'],
  });
});
