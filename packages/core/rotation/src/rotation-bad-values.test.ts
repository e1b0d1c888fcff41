import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('a bad value that comes while a rollout fails is set aside too, though no task runs that could show that it is new', async () => {
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
