import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** Two services, of which no task is shown that has ended, as Docker's adapter does it. */
async function withoutEndedTasks() {
  const found = await twoServices();
  const { swarm } = found.world;
  const snapshot = swarm.snapshot.bind(swarm);
  swarm.snapshot = () => {
    const { secrets, services } = snapshot();
    const living = services.map((service) => ({
      ...service,
      tasks: service.tasks.filter(({ state }) => state !== 'ended'),
    }));
    return { secrets, services: living };
  };
  return found;
}

test('a generation is not used again after somebody rolled the service back', async () => {
  const { world, web } = await withoutEndedTasks();
  for (const revision of [2, 3]) {
    world.provider.write('cert', `cert ${revision}`);
    await world.run(30_000);
  }
  expect(world.swarm.rollBack(web)).toBe(true);
  await world.run(30_000);
  world.provider.write('cert', 'cert 4');
  await world.run(30_000);
  expect(world.swarm.updates).toEqual(['web@1', 'web@2', 'web@3']);
  expect(world.held(web, 'cert')).toEqual(['v4', 'v4', 'v4']);
});

test('a generation is not used again by a later process, nor one that its user has used', async () => {
  const { world, web } = await withoutEndedTasks();
  world.swarm.forceUpdate(web);
  await world.run(30_000);
  world.swarm.rollBack(web);
  await world.run(30_000);
  world.kill();
  world.start();
  world.provider.write('cert', 'cert 2');
  await world.run(30_000);
  expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
});

test('the highest generation is forgotten with the service', async () => {
  const { world, web } = await twoServices();
  world.swarm.forceUpdate(web);
  await world.run(30_000);
  expect(world.swarm.ledgerText).toContain(`"${web}":{"spentGeneration":1}`);
  world.swarm.removeService(web);
  await world.run(5_000);
  expect(world.swarm.ledgerText).not.toContain(web);
});

test("a rollout that lost against somebody's restart of the service is not taken for that", async () => {
  const { world, web } = await twoServices();
  world.swarm.rollFaults.push('conflict');
  world.provider.write('cert', 'cert 2');
  await world.until(() => world.count('rollout.conflict') === 1);
  world.swarm.forceUpdate(web);
  await world.run(30_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  expect(world.count('rollout.completed')).toBe(0);
  world.provider.write('cert', 'cert 3');
  await world.run(30_000);
  expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
  expect(world.count('rollout.completed')).toBe(1);
});
