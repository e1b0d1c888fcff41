import { setTimeout as delay } from 'node:timers/promises';
import { checkFinalState, type PluginSwarm, startOnSelectedEngine, tempDirectory } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, test } from 'vitest';

const directory = tempDirectory();
const KILLS = 20;
const REPLICAS = 3;
/** About as long as a rotation takes, so that every part of it is hit. */
const ROTATION_MS = 8_000;
let swarm: PluginSwarm;

/** Numbers from 0 to 1 that a seed gives again: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

beforeAll(async () => {
  swarm = await startOnSelectedEngine({ dir: directory.path, driver: 'plugin-killed' });
  await swarm.deployWeb({ replicas: REPLICAS });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web'));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

test(`${KILLS} rotations reach every task with one update each, though the leader’s plugin is killed at a random moment of each`, {
  timeout: 1_200_000,
}, async () => {
  const seed = Number(process.env.SWARM_SEED || Date.now() % 1_000_000);
  process.stderr.write(`SWARM_SEED=${seed}\n`);
  const random = seeded(seed);
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = await swarm.generation('web');
    const leading = await swarm.leadingRunner();
    const value = await swarm.write('shared');
    const moment = Math.round(random() * ROTATION_MS);
    await delay(moment);
    await leading.restart();
    process.stderr.write(`kill ${kill} after ${moment} ms\n`);
    await checkFinalState(swarm, {
      services: [{ name: 'web', replicas: REPLICAS, values: { shared: value }, generation: before + 1 }],
      // A plugin that is killed while it is asked makes a task fail, for which Swarm may pause the update.
      explained: ['rollout.failed'],
    });
  }
});
