import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

/** Two services, whose plugin is stopped for 20 s when the ledger has its next rollout, and not updated yet. */
async function stopped(meanwhile: (found: Awaited<ReturnType<typeof twoServices>>) => void) {
  const found = await twoServices();
  const { swarm, clock } = found.world;
  const write = swarm.compareAndSet.bind(swarm);
  swarm.compareAndSet = async (...args) => {
    const outcome = await write(...args);
    if (!swarm.ledgerText.includes('"rollout"')) return outcome;
    swarm.compareAndSet = write;
    await clock.sleep(20_000);
    meanwhile(found);
    return outcome;
  };
  return found;
}

test('a leader that was stopped between its decision and the update updates nothing by it', async () => {
  const { world } = await stopped(({ world }) => {
    world.swarm.currentRole = 'standby';
  });
  world.provider.write('cert', 'cert 2');
  await world.run(60_000);
  expect(world.swarm.updates).toEqual([]);
});

test('a stopped leader that is still the leader makes the update in its next poll', async () => {
  const { world, web } = await stopped(() => undefined);
  world.provider.write('cert', 'cert 2');
  await world.run(60_000);
  expect(world.swarm.updates).toEqual(['web@1']);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});
