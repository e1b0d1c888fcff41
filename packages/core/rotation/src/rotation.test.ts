import { ProviderError } from '@vault-swarm/provider';
import { twoServices, World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('restarts nothing when it meets a running Swarm for the first time', async () => {
  const { world } = await twoServices();
  await world.run(60_000);
  expect(world.swarm.updates).toEqual([]);
});

test('reaches every task with each of three rotations in a row, with one update of each service that uses the secret', async () => {
  const { world, web, worker } = await twoServices();
  for (const round of [2, 3, 4]) {
    world.provider.write('db', `db ${round}`);
    await world.run(10_000);
    expect(world.held(web, 'db')).toEqual([`v${round}`, `v${round}`, `v${round}`]);
    expect(world.held(worker, 'db')).toEqual([`v${round}`]);
  }
  expect(world.swarm.updates.toSorted()).toEqual(['web@1', 'web@2', 'web@3', 'worker@1', 'worker@2', 'worker@3']);
  expect(world.count('rollout.completed')).toBe(6);
});

test('does not update services that do not use the secret', async () => {
  const { world } = await twoServices();
  world.provider.write('cert', 'cert 2');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual(['web@1']);
});

test('brings two changed secrets of a service with one update', async () => {
  const { world, web } = await twoServices();
  world.provider.write('db', 'db 2');
  world.provider.write('cert', 'cert 2');
  await world.run(10_000);
  expect(world.swarm.updates.filter((update) => update.startsWith('web'))).toEqual(['web@1']);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

test('writes the ledger once for what a pass starts and once for what it closes', async () => {
  const { world } = await twoServices();
  const before = world.swarm.ledgerWrites;
  world.provider.write('cert', 'cert 2');
  await world.run(10_000);
  expect(world.swarm.ledgerWrites - before).toBe(2);
});

test('rolls nothing when a new revision has the same bytes', async () => {
  const { world } = await twoServices();
  world.provider.write('db', 'db 1');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
  expect(world.events.filter((event) => event.type === 'revision.changed')).toMatchObject([
    { valueChanged: false, createdAtMs: null },
  ]);
});

test('nor if a task got the older revision before the first poll of its secret', async () => {
  const world = new World();
  world.provider.write('db', 'db 1');
  const db = world.swarm.addSecret('db', { vault_path: 'db' });
  const first = world.addService('first', 1, [db]);
  world.start();
  await world.run(2_000);
  // Swarm asks once for what is then available, though no poll knows the secret any more.
  world.swarm.askAgain();
  await world.run(100);
  world.swarm.removeService(first);
  await world.run(2_000);
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  world.swarm.addService('second', 2, [db]);
  await world.run(2_000);
  world.provider.write('db', 'db 1');
  world.provider.outage = null;
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
});

test('rolls what changed while no plugin was running', async () => {
  const { world, web, worker } = await twoServices();
  world.kill();
  world.provider.write('db', 'db 2');
  await world.run(5_000);
  world.start();
  await world.run(10_000);
  expect(world.held(web, 'db')).toEqual(['v2', 'v2', 'v2']);
  expect(world.held(worker, 'db')).toEqual(['v2']);
  expect(world.swarm.updates.length).toBe(2);
});

test('rolls what changed while no plugin was running and the clock was set back', async () => {
  const { world, web } = await twoServices();
  world.kill();
  world.clock.setBack(3_600_000);
  world.provider.write('cert', 'cert 2');
  world.start();
  await world.run(10_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

test('restarts nothing when it starts again and nothing changed', async () => {
  const { world } = await twoServices();
  world.provider.write('db', 'db 2');
  await world.run(10_000);
  const before = [...world.swarm.updates];
  world.kill();
  world.start();
  await world.run(20_000);
  expect(world.swarm.updates).toEqual(before);
});

test('goes on with a rollout that was started by the process before it', async () => {
  const { world, web } = await twoServices();
  world.provider.write('db', 'db 2');
  await world.run(1_500);
  expect(world.swarm.updates).toContain('web@1');
  world.kill();
  world.start();
  await world.run(10_000);
  expect(world.held(web, 'db')).toEqual(['v2', 'v2', 'v2']);
  expect(world.swarm.updates.filter((update) => update.startsWith('web'))).toEqual(['web@1']);
});

test.each(['conflict', 'unknown', 'unknown-but-applied'] as const)(
  'plans again after an update that ended as %s',
  async (fault) => {
    const { world, web } = await twoServices();
    world.swarm.rollFaults.push(fault);
    world.provider.write('cert', 'cert 2');
    await world.run(10_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.swarm.updates).toEqual(['web@1']);
  },
);

test('waits for the update that a user makes, and rolls only if it did not bring the new value', async () => {
  const { world, web } = await twoServices();
  world.swarm.forceUpdate(web);
  world.provider.write('cert', 'cert 2');
  await world.run(20_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  expect(world.swarm.updates).toEqual(['web@1']);
});

test('brings the new value to the older tasks if newer ones have it already', async () => {
  const { world, web } = await twoServices();
  world.kill();
  world.start();
  await world.run(2_000);
  world.provider.write('db', 'db 2');
  world.swarm.forceUpdate(web);
  await world.until(() => world.held(web, 'db').includes('v2'));
  world.swarm.markFailed(web, 'pause');
  expect(world.held(web, 'db').toSorted()).toEqual(['v1', 'v2']);
  await world.run(60_000);
  expect(world.held(web, 'db')).toEqual(['v2', 'v2', 'v2']);
});

test('rolls no more services at once than the policy says', async () => {
  const world = new World({
    policy: { maxParallel: 2, maxParallelLimit: 2, stuckAfterMs: 600_000, onFailure: 'rollback' },
  });
  world.provider.write('shared', 'one');
  const shared = world.swarm.addSecret('shared', { vault_path: 'shared' });
  const services = Array.from({ length: 5 }, (_, index) => world.addService(`s${index}`, 1, [shared]));
  world.start();
  await world.run(2_000);
  world.provider.write('shared', 'two');
  await world.until(() => world.swarm.updates.length >= 2);
  await world.run(500);
  expect(world.swarm.updates.length).toBe(2);
  await world.run(20_000);
  expect(services.flatMap((id) => world.held(id, 'shared'))).toEqual(['v2', 'v2', 'v2', 'v2', 'v2']);
  expect(world.swarm.updates.length).toBe(5);
});

test.each(['manual', 'off'])('rolls nothing for a secret with rotate=%s', async (rotate) => {
  const world = new World();
  world.provider.write('db', 'one');
  const db = world.swarm.addSecret('db', { vault_path: 'db', rotate });
  world.addService('web', 2, [db]);
  world.start();
  await world.run(2_000);
  world.provider.write('db', 'two');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
  expect(world.rotation.status().services[0]?.outdatedTasks).toBe(2);
});

test('never runs a job again', async () => {
  const world = new World();
  world.provider.write('db', 'one');
  const db = world.swarm.addSecret('db', { vault_path: 'db' });
  world.addService('nightly', 1, [db], { kind: 'job' });
  world.start();
  await world.run(2_000);
  world.provider.write('db', 'two');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
});

test('does nothing while it is not the leader, and goes on when it is', async () => {
  const { world, worker } = await twoServices();
  world.swarm.currentRole = 'standby';
  world.provider.write('queue', 'queue 2');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
  world.swarm.currentRole = 'leader';
  await world.run(10_000);
  expect(world.held(worker, 'queue')).toEqual(['v2']);
});

test('rolls nothing while the rotation is turned off', async () => {
  const { world } = await twoServices({ enabled: false });
  world.provider.write('db', 'db 2');
  await world.run(10_000);
  expect([world.swarm.updates, world.swarm.ledgerWrites]).toEqual([[], 0]);
});

test('leaves a paused rollout to the operator if the policy says so, and tries the same value no second time', async () => {
  const { world, web } = await twoServices({
    policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'pause' },
  });
  world.provider.write('cert', 'cert 2');
  await world.until(() => world.held(web, 'cert').includes('v2'));
  world.swarm.loseTask(web, true);
  await world.run(30_000);
  expect(world.events.filter((event) => event.type === 'rollout.failed')).toMatchObject([
    { service: 'web', reason: 'paused' },
  ]);
  expect(world.swarm.updates).toEqual(['web@1']);
  world.provider.write('cert', 'cert 3');
  await world.run(10_000);
  expect(world.held(web, 'cert')).toEqual(['v3', 'v3', 'v3']);
  expect(world.swarm.updates).toHaveLength(2);
});

test('tells a rollout that does not end as stuck, once', async () => {
  const { world } = await twoServices({
    policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 5_000, onFailure: 'rollback' },
  });
  world.provider.write('cert', 'cert 2');
  await world.rest(20_000);
  expect(world.events.filter((event) => event.type === 'rollout.failed')).toMatchObject([{ reason: 'stuck' }]);
});
