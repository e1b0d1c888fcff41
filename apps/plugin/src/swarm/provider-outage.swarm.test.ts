import {
  checkFinalState,
  type PluginRunner,
  type PluginSwarm,
  runningTasks,
  startOnSelectedEngine,
  tempDirectory,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const directory = tempDirectory();
const AFTER_FAILOVER = 180_000;
let swarm: PluginSwarm;
let value: string;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'provider-away' });
  value = await swarm.deployWeb({ replicas: 3 });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

/** Ends the leader's machine and plugin, scales the service up, and expects that no other task was touched. */
async function failOver(replicas: number): Promise<PluginRunner> {
  const lost = await swarm.leadingRunner();
  const staying = (await swarm.held('web', 'shared')).filter(({ node }) => node !== lost.node.name);
  await Promise.all([lost.node.engine.kill(), lost.plugin.kill('SIGKILL')]);
  const { engine, name } = await swarm.managers.leader();
  expect(name).not.toBe(lost.node.name);
  await engine.dockerBytes('service', 'scale', '--detach', `web=${replicas}`);
  await swarm.reaches('web', { secret: 'shared', replicas, value }, AFTER_FAILOVER);
  const running = (await runningTasks(engine, 'web')).map(({ id }) => id);
  expect(running).toEqual(expect.arrayContaining(staying.map(({ task }) => task)));
  return lost;
}

async function comeBack(lost: PluginRunner): Promise<void> {
  await lost.node.start();
  await lost.start();
  for (const runner of swarm.runners) await runner.passes(2);
}

// Between two leaders the engines do not answer, and Vault does not at all.
const explained = ['orchestrator.failed', 'reconcile.failed', 'provider.failed', 'delivery.failed'];

test('while Vault hangs during a failover, running tasks stay and new ones get the last good value', async () => {
  const generation = await swarm.generation('web');
  process.kill(swarm.vault.pid, 'SIGSTOP');
  const lost = await failOver(4);
  process.kill(swarm.vault.pid, 'SIGCONT');
  await comeBack(lost);
  await checkFinalState(swarm, {
    services: [{ name: 'web', replicas: 4, values: { shared: value }, generation }],
    explained,
  });
});

test('while Vault is down during a failover, running tasks stay and new ones get the last good value', async () => {
  const generation = await swarm.generation('web');
  await swarm.vault.kill();
  const lost = await failOver(5);
  await swarm.startVaultAgain();
  await swarm.write('shared', value);
  await comeBack(lost);
  const services = [{ name: 'web', replicas: 5, values: { shared: value }, generation }];
  await checkFinalState(swarm, { services, explained });
});

test('the next value is rolled when Vault is back', async () => {
  const generation = (await swarm.generation('web')) + 1;
  const next = await swarm.write('shared');
  await checkFinalState(swarm, {
    services: [{ name: 'web', replicas: 5, values: { shared: next }, generation }],
    explained,
  });
});
