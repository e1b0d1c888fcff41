import { ProviderError } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** A service `web` of three tasks with the secrets `db` and, pinned, `cert`. */
async function oneService() {
  const world = new World();
  for (const path of ['db', 'cert']) world.provider.write(path, `${path} 1`);
  const db = world.swarm.addSecret('db', { vault_path: 'db' });
  const cert = world.swarm.addSecret('cert', { vault_path: 'cert', vault_version: '1' });
  const web = world.addService('web', 3, [db, cert]);
  world.start();
  await world.run(2_000);
  const status = () => world.rotation.status().services[0];
  const taskRevisions = () =>
    status()?.taskRevisions.map(({ secret, revisions }) => {
      const reported = revisions.map(({ revision, tasks, state }) => `${tasks} × ${revision} (${state})`);
      return `${secret}: ${reported.join(', ')}`;
    });
  return { world, web, status, taskRevisions };
}

test('tells how many tasks hold which revision, and how far the rollout is', async () => {
  const { world, web, status, taskRevisions } = await oneService();
  expect([taskRevisions(), status()?.rollout]).toEqual([['db: 3 × v1 (current)'], null]);
  world.provider.write('db', 'db 2');
  await world.until(() => world.held(web, 'db').filter((revision) => revision === 'v2').length === 1);
  await world.rest(1_000);
  // The second is stopped as soon as the first runs, and its successor is made.
  expect(taskRevisions()).toEqual(['db: 1 × v2 (current), 1 × v1 (outdated)']);
  expect(status()?.rollout).toMatchObject({ tasksDone: 1, tasksTotal: 3 });
  await world.run(20_000);
  expect([taskRevisions(), status()?.rollout]).toEqual([['db: 3 × v2 (current)'], null]);
});

test('says that the last good value is held back if the newest was quarantined', async () => {
  const { world, taskRevisions } = await oneService();
  world.provider.write('db', 'bad 2');
  await world.run(60_000);
  expect(world.count('quarantine.started')).toBe(1);
  expect(taskRevisions()).toEqual(['db: 3 × v1 (held-back)']);
});

test('a quarantine of a secret that the service may only use again is not shown', async () => {
  const { world, web, status } = await oneService();
  world.provider.write('db', 'bad 2');
  await world.run(60_000);
  expect(status()?.quarantine?.secrets).toEqual(['db']);
  world.provider.write('cert', 'cert 1');
  world.swarm.setStartFault(web, { kind: 'pending', reason: 'no suitable node' });
  world.swarm.post(web, { secretIds: [world.swarm.addSecret('cert', { vault_path: 'cert' })] });
  await world.run(10_000);
  expect(status()?.quarantine).toBeNull();
});

test('does not know the revisions of tasks before a provider or a ledger was read', async () => {
  const { world, taskRevisions } = await oneService();
  world.kill();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  world.start();
  await world.run(2_000);
  expect(taskRevisions()).toEqual(['db: 3 × v1 (current)']);
  world.kill();
  world.swarm.loseLedger(null);
  world.start();
  await world.run(2_000);
  expect(taskRevisions()).toEqual(['db: 3 × null (unknown)']);
});
