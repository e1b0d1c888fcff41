import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** A user's deploy takes a secret away from `web`, and another takes its place with which its tasks fail. */
async function swapped() {
  const found = await twoServices();
  const { world, web } = found;
  const { spec } = world.swarm.services.find(({ id }) => id === web) ?? {};
  const [db = '', cert = ''] = spec?.secretIds ?? [];
  world.provider.write('other', 'bad');
  const other = world.swarm.addSecret('other', { vault_path: 'other' });
  const update = { parallelism: 1, monitorMs: 500, onFailure: 'rollback' } as const;
  world.swarm.post(web, { secretIds: [db, other], update });
  await world.until(() => world.swarm.services.some(({ status }) => status.state === 'rolling'));
  await world.run(100);
  return { ...found, cert };
}

test('what changed of a secret while it was not used is rolled out after a rollback that uses it again', async () => {
  const { world, web } = await swapped();
  world.provider.write('cert', 'cert 2');
  await world.run(120_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

test('the ledger keeps a secret that is not used any more only until the update is through', async () => {
  const { world, web, cert } = await swapped();
  const { spec } = world.swarm.services.find(({ id }) => id === web) ?? {};
  expect(world.swarm.ledgerText).toContain(`"${cert}"`);
  world.swarm.post(web, { secretIds: spec?.secretIds.slice(0, 1) ?? [] });
  await world.run(60_000);
  expect(world.swarm.ledgerText).not.toContain(`"${cert}"`);
});
