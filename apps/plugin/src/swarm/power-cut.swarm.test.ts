import {
  checkFinalState,
  createService,
  type PluginSwarm,
  startOnSelectedEngine,
  tempDirectory,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, test } from 'vitest';

const directory = tempDirectory();
let swarm: PluginSwarm;

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'power-cut' });
  for (const secret of ['changed', 'same']) await swarm.createSecret(secret, `${secret}-1`);
  const { engine } = await swarm.managers.leader();
  await createService(engine, { name: 'web', replicas: 3, secrets: ['changed'] });
  await createService(engine, { name: 'other', replicas: 3, secrets: ['same'] });
  await swarm.reaches('web', { secret: 'changed', replicas: 3, value: 'changed-1' });
  await swarm.reaches('other', { secret: 'same', replicas: 3, value: 'same-1' });
  for (const runner of swarm.runners) await runner.passes(2);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test('every task has the value that was written while the whole Swarm was down', async () => {
  const before = await swarm.generation('web');
  const generation = await swarm.generation('other');
  await Promise.all(swarm.runners.map(({ node, plugin }) => Promise.all([node.engine.kill(), plugin.kill('SIGKILL')])));
  const value = await swarm.write('changed');
  await Promise.all(swarm.runners.map(async (runner) => Promise.all([runner.node.start(), runner.start()])));
  for (const runner of swarm.runners) await runner.passes(5);
  await checkFinalState(swarm, {
    services: [
      // All tasks start again, so they get the new value without an update; one of the service may come before that.
      { name: 'web', replicas: 3, values: { changed: value }, generation: [before, before + 1] },
      { name: 'other', replicas: 3, values: { same: 'same-1' }, generation },
    ],
    // The plugins are there before the engines answer, and these before they have a leader.
    explained: ['orchestrator.failed', 'reconcile.failed'],
  });
});
