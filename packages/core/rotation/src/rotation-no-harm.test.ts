import { twoServices, type World } from '@vault-swarm/simulation';
import { describe, expect, test } from 'vitest';

/** The lowest number of running tasks of a service while time passes. */
async function fewestRunning(world: World, serviceId: string, durationMs: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
    await world.run(100);
    fewest = Math.min(fewest, world.swarm.runningTasks(serviceId).length);
  }
  return fewest;
}

function statusOf(world: World, name: string) {
  return world.rotation.status().services.find((service) => service.name === name);
}

describe('a service with a secret that has no value', () => {
  test('is not rolled for another secret, says why, and is rolled once the value is there again', async () => {
    const { world, web } = await twoServices();
    world.provider.delete('db');
    await world.run(5_000);
    world.provider.write('cert', 'cert 2');
    expect(await fewestRunning(world, web, 120_000)).toBe(3);
    expect(world.swarm.updates).toEqual([]);
    expect(statusOf(world, 'web')).toMatchObject({
      problem: {
        code: 'ROTATION_BLOCKED',
        message: 'waits for its secret db to have a value (there is no such secret)',
      },
      waitingReason: { code: 'SECRET_UNDELIVERABLE' },
    });
    world.provider.write('db', 'db 1');
    await world.run(30_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.swarm.updates).toEqual(['web@1']);
  });

  test('is not rolled while the labels of a secret can not be read', async () => {
    const { world, web } = await twoServices();
    const [db] = world.swarm.services.find(({ id }) => id === web)?.spec.secretIds ?? [];
    world.swarm.setLabels(db ?? '', { vault_path: 'db', rotate: 'perhaps' });
    await world.run(5_000);
    world.provider.write('cert', 'cert 2');
    expect(await fewestRunning(world, web, 60_000)).toBe(3);
    expect(world.swarm.updates).toEqual([]);
  });

  test('is not resumed if the value went away after its rollout was paused', async () => {
    const { world, web } = await twoServices();
    world.refuses = true;
    world.provider.write('cert', 'cert 2');
    await world.until(() => statusOf(world, 'web')?.waitingReason?.code === 'BACKOFF_START_FAILED');
    world.provider.delete('db');
    world.refuses = false;
    expect(await fewestRunning(world, web, 300_000)).toBe(2);
    expect(world.swarm.updates).toEqual(['web@1']);
    world.provider.write('db', 'db 2');
    await world.run(120_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  });
});

describe('a paused rollout whose tasks do not run', () => {
  test('is not resumed: the tasks that still run are left as they are, until what stops the others is gone', async () => {
    const { world, web } = await twoServices();
    world.refuses = true;
    world.provider.write('cert', 'cert 2');
    expect(await fewestRunning(world, web, 600_000)).toBe(2);
    expect(world.swarm.updates).toEqual(['web@1']);
    expect([world.count('rollout.failed'), world.count('rollout.completed')]).toEqual([1, 0]);
    expect(statusOf(world, 'web')?.problem?.message).toMatch(
      /^paused: .* unable to get secret .*; waits for the tasks of its paused update to run/,
    );
    world.refuses = false;
    await world.run(120_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.count('rollout.completed')).toBe(1);
  });
});

test('a rollout that Swarm rolled back is started again only once all tasks run', async () => {
  const { world, web } = await twoServices();
  world.swarm.post(web, { update: { parallelism: 1, monitorMs: 500, onFailure: 'rollback' } });
  await world.run(10_000);
  world.refuses = true;
  world.provider.write('cert', 'cert 2');
  await world.until(() => statusOf(world, 'web')?.waitingReason?.code === 'BACKOFF_START_FAILED');
  expect(await fewestRunning(world, web, 120_000)).toBe(2);
  expect(world.swarm.updates).toEqual(['web@1']);
  world.refuses = false;
  expect(await fewestRunning(world, web, 60_000)).toBe(2);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

describe('a rollout whose values made tasks fail, if the policy leaves that to its user', () => {
  async function withFailedRollout() {
    const policy = { maxParallel: 5, maxParallelLimit: 50, stuckAfterMs: 600_000, onFailure: 'pause' } as const;
    const { world, web } = await twoServices({ policy });
    world.swarm.post(web, { update: { parallelism: 3, monitorMs: 5_000, onFailure: 'continue' } });
    await world.run(10_000);
    world.provider.write('cert', 'bad');
    await world.until(() => statusOf(world, 'web')?.rollout?.state === 'failed');
    return { world, web };
  }

  test('stays failed while its tasks fail again and again', async () => {
    const { world } = await withFailedRollout();
    await world.run(120_000);
    expect(statusOf(world, 'web')?.rollout?.state).toBe('failed');
  });

  test('is not started with a newer value before the next update of its user is completed', async () => {
    const { world, web } = await withFailedRollout();
    world.provider.write('cert', 'cert 3');
    world.swarm.changeSpec(web);
    const isCompleted = () => world.swarm.services.some(({ id, status }) => id === web && status.state === 'completed');
    await world.until(isCompleted);
    expect(world.swarm.updates).toEqual(['web@1']);
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v3', 'v3', 'v3']);
    expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
  });
});

describe('a rollout is completed', () => {
  test('only when all tasks that shall run do run', async () => {
    const { world, web } = await twoServices();
    world.swarm.post(web, { update: { parallelism: 3, monitorMs: 500, onFailure: 'continue' } });
    await world.run(10_000);
    world.refuses = true;
    world.provider.write('cert', 'cert 2');
    await world.run(60_000);
    expect(world.swarm.runningTasks(web)).toEqual([]);
    expect(world.count('rollout.completed')).toBe(0);
    world.refuses = false;
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.count('rollout.completed')).toBe(1);
  });

  test('without being counted if the service was scaled to 0 meanwhile', async () => {
    const { world, web } = await twoServices();
    world.provider.write('cert', 'cert 2');
    await world.until(() => world.swarm.updates.length > 0);
    world.swarm.post(web, { replicas: 0 });
    await world.run(60_000);
    expect(world.count('rollout.completed')).toBe(0);
    expect(statusOf(world, 'web')?.rollout).toBeNull();
  });
});

test('a task that has failed and seems to run again does not complete a rollout, though Swarm calls its update completed', async () => {
  const { world, worker } = await twoServices();
  world.swarm.post(worker, { update: { parallelism: 1, monitorMs: 1_000, onFailure: 'continue' } });
  await world.run(10_000);
  world.provider.write('queue', 'bad');
  await world.run(120_000);
  expect(world.count('rollout.completed')).toBe(0);
  expect(world.count('quarantine.started')).toBe(1);
  expect(world.held(worker, 'queue')).toEqual(['v1']);
});

test('a value with which tasks fail again and again is rolled back even if Swarm goes on after failures', async () => {
  const { world, web } = await twoServices();
  world.swarm.post(web, { update: { parallelism: 1, monitorMs: 500, onFailure: 'continue' } });
  await world.run(10_000);
  world.provider.write('cert', 'bad');
  await world.run(120_000);
  expect(world.held(web, 'cert')).toEqual(['v1', 'v1', 'v1']);
  expect(world.count('quarantine.started')).toBe(1);
});

test('the service that has waited longest is rolled first', async () => {
  const { world, web, worker } = await twoServices({
    policy: { maxParallel: 1, maxParallelLimit: 1, stuckAfterMs: 600_000, onFailure: 'rollback' },
  });
  world.provider.write('cert', 'cert 2');
  await world.until(() => world.swarm.updates.length === 1);
  world.provider.write('queue', 'queue 2');
  await world.run(2_000);
  world.provider.write('cert', 'cert 3');
  await world.until(() => world.held(worker, 'queue').includes('v2'));
  expect(world.swarm.updates).toEqual(['web@1', 'worker@1']);
  await world.run(60_000);
  expect(world.held(web, 'cert')).toEqual(['v3', 'v3', 'v3']);
});

test('the ledger does not grow with each change of a secret that is not rotated', async () => {
  const { world, web } = await twoServices();
  const [db] = world.swarm.services.find(({ id }) => id === web)?.spec.secretIds ?? [];
  world.swarm.setLabels(db ?? '', { vault_path: 'db', rotate: 'off' });
  await world.run(5_000);
  world.provider.write('db', 'db 2');
  await world.run(5_000);
  const { length } = world.swarm.ledgerText;
  for (let change = 3; change < 100; change++) {
    world.provider.write('db', `db ${change}`);
    await world.run(5_000);
  }
  expect(world.swarm.ledgerText.length).toBeLessThan(length + 20);
});

test('a rollback replaces only the tasks that got the bad value', async () => {
  const { world, web } = await twoServices();
  world.swarm.post(web, { replicas: 8 });
  await world.run(10_000);
  world.provider.write('cert', 'bad');
  await world.until(() => world.swarm.services.some(({ id, status }) => id === web && status.state === 'paused'));
  const good = world.swarm.runningTasks(web).filter(({ held }) => held.get('cert')?.revision === 'v1');
  expect(good.length).toBeGreaterThan(3);
  expect(await fewestRunning(world, web, 60_000)).toBeGreaterThanOrEqual(good.length);
  const running = world.swarm.runningTasks(web);
  expect(running.map(({ id }) => id)).toEqual(expect.arrayContaining(good.map(({ id }) => id)));
  expect(world.held(web, 'cert')).toEqual(Array(8).fill('v1'));
  expect(world.swarm.updates).toEqual(['web@1', 'web@0']);
  expect(world.count('rollback.completed')).toBe(1);

  world.provider.write('cert', 'cert 3');
  await world.run(60_000);
  expect(world.held(web, 'cert')).toEqual(Array(8).fill('v3'));
  expect(world.swarm.updates.at(-1)).toBe('web@2');
});
