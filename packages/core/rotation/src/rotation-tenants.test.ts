import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('a stack with many services that wait leaves a place to the service of another one', async () => {
  const policy = { maxParallel: 2, maxParallelLimit: 2, stuckAfterMs: 600_000, onFailure: 'rollback' } as const;
  const world = new World({ policy });
  world.provider.write('big', 'big 1');
  world.provider.write('small', 'small 1');
  const big = world.swarm.addSecret('big', { vault_path: 'big' });
  const small = world.swarm.addSecret('small', { vault_path: 'small' });
  for (let index = 1; index <= 6; index++) world.addService(`big-${index}`, 2, [big]);
  world.addService('small', 2, [small]);
  const snapshot = world.swarm.snapshot.bind(world.swarm);
  world.swarm.snapshot = () => {
    const { secrets, services } = snapshot();
    return { secrets, services: services.map((service) => ({ ...service, tenant: service.name.split('-')[0] ?? '' })) };
  };
  world.start();
  await world.run(2_000);
  world.provider.write('big', 'big 2');
  world.provider.write('small', 'small 2');
  await world.until(() => world.swarm.updates.length === 2);
  expect(world.swarm.updates.toSorted()).toEqual(['big-1@1', 'small@1']);
  await world.run(60_000);
  expect(world.swarm.updates.length).toBe(7);
});
