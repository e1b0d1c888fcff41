import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

type World = Awaited<ReturnType<typeof twoServices>>['world'];

/** Two services whose values are older than any replica lags. */
async function settled(settings: Parameters<typeof twoServices>[0] = {}) {
  const services = await twoServices(settings);
  await services.world.run(120_000);
  return services;
}

/** From now on reads come from a replica that lags by so much, each or every other one. The probe does not lag. */
function lag(world: World, lagMs: number, alternating = false): void {
  let reads = 0;
  world.provider.replica = { lagMs, answers: (call) => call === 'read' && (!alternating || reads++ % 2 === 0) };
}

const LAG_PROBLEM = 'A provider answers with values that it has replaced';
const problems = (world: World) => world.rotation.status().problems.map(({ summary }) => summary);

test('a change that reads do not give yet is rolled out once they do, with one update', async () => {
  const { world, web, worker } = await settled();
  lag(world, 3_000);
  world.provider.write('db', 'db 2');
  await world.run(2_500);
  expect(world.swarm.updates).toEqual([]);
  expect(world.heldText(web, 'db')).toEqual(['db 1', 'db 1', 'db 1']);
  await world.run(7_500);
  expect(world.heldText(web, 'db')).toEqual(['db 2', 'db 2', 'db 2']);
  expect(world.heldText(worker, 'db')).toEqual(['db 2']);
  expect(world.swarm.updates.toSorted()).toEqual(['web@1', 'worker@1']);
});

test('no service goes back to an old value that every other read gives, whatever starts tasks', async () => {
  const { world, web } = await settled();
  lag(world, 15_000, true);
  world.provider.write('db', 'db 2');
  for (let second = 0; second < 40; second++) {
    if (second % 5 === 4) world.swarm.forceUpdate(web);
    await world.run(1_000);
  }
  expect(world.heldText(web, 'db')).toEqual(['db 2', 'db 2', 'db 2']);
  expect(world.swarm.updates.filter((update) => update.startsWith('worker'))).toEqual(['worker@1']);
  expect(world.count('rollout.started')).toBe(2);
  expect(world.events.filter(({ type }) => type === 'revision.changed')).toMatchObject([{ revision: 'v2' }]);
});

test('a lag is shown as a problem after a while, and ends', async () => {
  const { world } = await settled();
  lag(world, 25_000);
  world.provider.write('db', 'db 2');
  await world.run(8_000);
  expect(problems(world)).toEqual([]);
  await world.run(10_000);
  expect(problems(world)).toEqual([LAG_PROBLEM]);
  const [problem] = world.rotation.status().problems;
  expect(problem?.detail).toMatch(
    /vault db: reads give revision v1, though the provider has revision v2, for 1\d s now/,
  );
  await world.run(20_000);
  expect(problems(world)).toEqual([]);
});

test('a value that lags is read again ever more rarely', async () => {
  const { world } = await settled({ intervalMs: 20_000 });
  lag(world, 45_000);
  const { reads } = world.provider;
  world.provider.write('db', 'db 2');
  await world.run(44_000);
  expect(world.provider.reads - reads).toBeGreaterThan(5);
  expect(world.provider.reads - reads).toBeLessThan(12);
});

test('a process that starts with reads that lag rolls nothing back that another process has seen', async () => {
  const { world, web } = await settled();
  world.provider.write('db', 'db 2');
  await world.run(10_000);
  const before = world.swarm.updates.length;
  lag(world, 30_000);
  world.kill();
  world.start();
  await world.run(5_000);
  expect(world.swarm.updates).toHaveLength(before);
  // A task that starts meanwhile is given what there is, and the newest value once that can be read.
  world.swarm.forceUpdate(web);
  await world.run(5_000);
  expect(new Set(world.heldText(web, 'db'))).toEqual(new Set(['db 1']));
  await world.run(40_000);
  expect(world.heldText(web, 'db')).toEqual(['db 2', 'db 2', 'db 2']);
  expect(world.count('rollout.started')).toBe(3);
});

test('a value that the provider went back to is rolled out after a minute', async () => {
  const { world, web } = await settled();
  world.provider.write('db', 'db 2');
  await world.run(10_000);
  world.provider.restore('db');
  await world.run(55_000);
  expect(world.heldText(web, 'db')).toEqual(['db 2', 'db 2', 'db 2']);
  await world.run(20_000);
  expect(world.heldText(web, 'db')).toEqual(['db 1', 'db 1', 'db 1']);
  world.provider.write('db', 'db 3');
  await world.run(10_000);
  expect(world.heldText(web, 'db')).toEqual(['db 3', 'db 3', 'db 3']);
});

test('a service that has waited is not rolled to a value of which a newer one is known', async () => {
  const policy = { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 600_000, onFailure: 'rollback' } as const;
  const { world, web, worker } = await settled({ policy });
  world.provider.write('db', 'db 2');
  await world.until(() => world.swarm.updates.length === 1);
  lag(world, 20_000);
  world.provider.write('db', 'db 3');
  await world.rest(3_000);
  await world.run(10_000);
  expect(world.count('rollout.completed')).toBe(1);
  expect(world.swarm.updates).toHaveLength(1);
  await world.run(30_000);
  expect([...world.heldText(web, 'db'), ...world.heldText(worker, 'db')]).toEqual(Array(4).fill('db 3'));
  expect(world.swarm.updates).toHaveLength(3);
});

test('a service that has waited is not rolled to a value while the provider gives the one before it', async () => {
  const policy = { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 600_000, onFailure: 'rollback' } as const;
  const { world, web, worker } = await settled({ policy });
  world.provider.write('db', 'db 2');
  await world.until(() => world.swarm.updates.length === 1);
  world.provider.restore('db');
  await world.rest(3_000);
  await world.run(90_000);
  expect([...world.heldText(web, 'db'), ...world.heldText(worker, 'db')]).toEqual(Array(4).fill('db 1'));
  expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
});
