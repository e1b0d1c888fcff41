import { World } from '@vault-swarm/simulation';
import { expect, it, vi } from 'vitest';

it('a task is rolled that started after its epoch was replaced, also if the process ended that gave it the credential', async () => {
  const world = new World();
  const { leases } = world.provider;
  leases.rules = { ...leases.rules, ttlMs: 300_000, maxTtlMs: 300_000, renewable: false };
  const labels = { vault_path: 'database/creds/shop', vault_lease: 'service', vault_field: 'username' };
  const user = world.swarm.addSecret('user', labels);
  world.start();
  await world.run(1_000);
  const web = world.addService('web', 2, [user], { update: { onFailure: 'pause', parallelism: 1 } });
  await world.until(() => world.swarm.runningTasks(web).length === 2);
  await world.run(1_000);
  // The next epoch is due, and not rolled out: an update of the user is paused.
  world.swarm.post(web, { image: 'broken' });
  await world.run(240_000);
  expect([world.count('revision.changed'), world.swarm.updates]).toEqual([1, []]);
  const [before] = world.swarm.runningTasks(web);
  const given = world.count('secret.delivered');
  const unwritten = vi.spyOn(world.swarm, 'compareAndSet').mockRejectedValue(new Error('it is away'));
  world.swarm.rollBack(web);
  world.swarm.exitTask(web, before?.id ?? '', 1);
  await world.until(() => world.count('secret.delivered') >= given + 2);
  world.kill();
  unwritten.mockRestore();
  await world.until(() => world.swarm.runningTasks(web).length === 2);
  expect(world.heldText(web, 'user')).toEqual(['lease/2', 'lease/2']);
  world.start();
  await world.run(10_000);
  expect(world.swarm.updates).toEqual(['web@1']);
});
