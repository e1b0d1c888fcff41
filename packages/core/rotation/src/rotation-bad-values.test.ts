import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('a bad value that comes while a rollout fails is quarantined too, though no task runs that could show that it is new', async () => {
  const world = new World();
  for (const path of ['db', 'cert']) world.provider.write(path, `${path} 1`);
  const secrets = ['db', 'cert'].map((path) => world.swarm.addSecret(path, { vault_path: path }));
  const web = world.addService('web', 3, secrets, { update: { parallelism: 3 } });
  world.start();
  await world.run(2_000);
  world.provider.write('cert', 'bad');
  await world.until(() => world.swarm.updates.length > 0);
  world.provider.write('cert', 'cert 3');
  world.provider.write('db', 'bad');
  await world.rest(3_000);
  await world.run(120_000);
  expect(world.heldText(web, 'db')).toEqual(['db 1', 'db 1', 'db 1']);
  world.provider.write('db', 'db 3');
  await world.run(120_000);
  expect(world.heldText(web, 'db')).toEqual(['db 3', 'db 3', 'db 3']);
  expect(world.heldText(web, 'cert')).toEqual(['cert 3', 'cert 3', 'cert 3']);
});

test('a good value is not quarantined for a bad one of another secret with which the rollback failed too', async () => {
  const world = new World();
  for (const path of ['db', 'cert']) world.provider.write(path, `${path} 1`);
  const db = world.swarm.addSecret('db', { vault_path: 'db', rotate: 'manual' });
  const cert = world.swarm.addSecret('cert', { vault_path: 'cert' });
  const update = { parallelism: 1, monitorMs: 2_000 } as const;
  const web = world.addService('web', 2, [db, cert], { update: { ...update, onFailure: 'continue' } });
  world.start();
  await world.run(2_000);
  // It is a deploy that starts the tasks with the bad value, and no rollout.
  world.provider.write('db', 'bad');
  world.swarm.changeSpec(web);
  await world.run(20_000);
  world.swarm.post(web, { update: { ...update, onFailure: 'rollback' } });
  await world.run(10_000);
  world.provider.write('cert', 'cert 2');
  await world.until(() => world.swarm.services.some(({ status }) => status.state === 'rolling-back'));
  world.provider.write('db', 'db 3');
  await world.run(120_000);
  expect(world.heldText(web, 'db')).toEqual(['db 3', 'db 3']);
  expect(world.heldText(web, 'cert')).toEqual(['cert 2', 'cert 2']);
  expect([world.count('rollout.failed'), world.count('quarantine.started')]).toEqual([1, 0]);
});

test('a bad value is rolled back even if another secret was changed back before its rollout was made', async () => {
  const world = new World();
  for (const path of ['db', 'cert']) world.provider.write(path, `${path} 1`);
  const secrets = ['db', 'cert'].map((path) => world.swarm.addSecret(path, { vault_path: path }));
  const web = world.addService('web', 2, secrets);
  world.start();
  await world.run(2_000);
  world.swarm.rollFaults.push(...Array.from({ length: 5 }, () => 'conflict' as const));
  world.provider.write('db', 'bad');
  world.provider.write('cert', 'cert 2');
  await world.until(() => world.count('rollout.conflict') > 0);
  world.provider.write('cert', 'cert 1');
  await world.run(60_000);
  expect(world.events.findLast(({ type }) => type === 'quarantine.started')).toMatchObject({ secrets: ['db'] });
  expect(world.heldText(web, 'db')).toEqual(['db 1', 'db 1']);
  expect(world.heldText(web, 'cert')).toEqual(['cert 1', 'cert 1']);
});
