import { World } from '@vault-swarm/simulation';
import { describe, expect, test } from 'vitest';

const UPDATE = { parallelism: 1, monitorMs: 5_000, onFailure: 'rollback' } as const;

describe('when a service stops using a secret, and uses it again before its tasks are replaced', () => {
  /** A service whose tasks run already with the secret `db`; with `isShared` another service uses it too. */
  async function changedMeanwhile({ isShared = false, changed = 'new' } = {}) {
    const world = new World();
    for (const path of ['db', 'other']) world.provider.write(path, 'old');
    const db = world.swarm.addSecret('db', { vault_path: 'db' });
    const other = world.swarm.addSecret('other', { vault_path: 'other' });
    const web = world.addService('web', 3, [db], { update: UPDATE });
    if (isShared) world.addService('api', 1, [db]);
    world.start();
    await world.run(5_000);
    world.swarm.post(web, { secretIds: [other] });
    // Swarm has replaced one of its tasks.
    await world.until(() => world.heldText(web, 'other').includes('old'));
    world.provider.write('db', changed);
    await world.rest(3_000);
    world.swarm.post(web, { secretIds: [db] });
    await world.run(120_000);
    return { world, web };
  }

  test.each([false, true])('a value that changed meanwhile reaches every task (shared: %s)', async (isShared) => {
    const { world, web } = await changedMeanwhile({ isShared });
    expect(world.heldText(web, 'db')).toEqual(['new', 'new', 'new']);
    expect(world.swarm.updates.filter((update) => update.startsWith('web'))).toEqual(['web@1']);
  });

  test('nothing is rolled if it did not change', async () => {
    const { world, web } = await changedMeanwhile({ changed: 'old' });
    expect(world.heldText(web, 'db')).toEqual(['old', 'old', 'old']);
    expect(world.swarm.updates).toEqual([]);
  });

  test('the ledger forgets a secret once no task with it is left', async () => {
    const world = new World();
    for (const path of ['db', 'other']) world.provider.write(path, 'old');
    const db = world.swarm.addSecret('db', { vault_path: 'db' });
    const other = world.swarm.addSecret('other', { vault_path: 'other' });
    const web = world.addService('web', 1, [db], { update: UPDATE });
    world.start();
    await world.run(5_000);
    world.swarm.post(web, { secretIds: [other] });
    await world.run(2_000);
    expect(world.swarm.ledgerText).toContain(`"${db}"`);
    await world.run(60_000);
    expect(world.swarm.ledgerText).not.toContain(`"${db}"`);
  });
});
