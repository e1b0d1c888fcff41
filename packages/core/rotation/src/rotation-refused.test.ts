import { RolloutRejected, type RotationPolicy } from '@vault-swarm/rotation';
import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

const REASON = 'network backend not found';

/** Two services, whose updates are refused for a network that is gone until it is made again. */
async function withoutNetwork(parallel: Partial<RotationPolicy> = {}) {
  const policy = {
    maxParallel: 5,
    maxParallelLimit: 5,
    stuckAfterMs: 600_000,
    onFailure: 'rollback',
    ...parallel,
  } as const;
  const found = await twoServices({ policy });
  const { swarm } = found.world;
  const roll = swarm.roll.bind(swarm);
  const network = { isThere: false, refused: 0 };
  swarm.roll = async (...args) => {
    if (network.isThere) return roll(...args);
    network.refused += 1;
    throw new RolloutRejected(REASON);
  };
  const problem = () => found.world.rotation.status().services.find(({ name }) => name === 'web')?.problem ?? null;
  return { ...found, network, problem };
}

test('an update that was refused is tried again ever more rarely, counted once, and made once it is accepted', async () => {
  const { world, web, network, problem } = await withoutNetwork();
  world.provider.write('cert', 'cert 2');
  await world.run(1_800_000);
  expect(problem()?.message).toBe(`rejected: ${REASON}; waits for its refused update to be tried again`);
  expect(network.refused).toBeGreaterThan(3);
  expect(network.refused).toBeLessThan(12);
  expect(world.count('rollout.failed')).toBe(1);
  network.isThere = true;
  await world.run(660_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  expect(world.swarm.updates).toEqual(['web@1']);
  expect(problem()).toBeNull();
});

test('an update that was refused takes its turn when a newer value is to be rolled', async () => {
  const { world, web, worker, network } = await withoutNetwork({ maxParallel: 1, maxParallelLimit: 1 });
  world.provider.write('cert', 'cert 2');
  await world.run(60_000);
  network.isThere = true;
  world.swarm.setStartFault(worker, { kind: 'pending', reason: 'no suitable node' });
  world.provider.write('queue', 'queue 2');
  await world.until(() => world.swarm.updates.includes('worker@1'));
  world.provider.write('cert', 'cert 3');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual(['worker@1']);
  world.swarm.setStartFault(worker, null);
  await world.run(60_000);
  expect(world.held(web, 'cert')).toEqual(['v3', 'v3', 'v3']);
});

test('an update that was refused is tried again as soon as its user has changed the service', async () => {
  const { world, web, network } = await withoutNetwork();
  world.provider.write('cert', 'cert 2');
  await world.run(1_800_000);
  network.isThere = true;
  world.swarm.touch(web);
  await world.run(30_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

test("nothing is left of a refused update that its user's own change of the service made possible, or needless", async () => {
  const { world, web, network, problem } = await withoutNetwork();
  world.provider.write('cert', 'cert 2');
  await world.run(60_000);
  network.isThere = true;
  world.swarm.changeSpec(web);
  await world.run(60_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  expect(problem()).toBeNull();
});

test('nothing is said any more of a refused update that nobody wants any more, since its secret is rotated manually', async () => {
  const { world, web, problem } = await withoutNetwork();
  world.provider.write('cert', 'cert 2');
  await world.run(60_000);
  expect(problem()?.message).toContain(REASON);
  for (const { id, name, labels } of world.swarm.snapshot().secrets) {
    if (name === 'cert') world.swarm.setLabels(id, { ...labels, rotate: 'manual' });
  }
  await world.run(10_000);
  expect(world.held(web, 'cert')).toEqual(['v1', 'v1', 'v1']);
  expect(problem()).toBeNull();
});
