import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

const { signal } = new AbortController();

test('does nothing by a ledger that its store does not trust, serves on, and says what to do', async () => {
  const { world, web } = await twoServices();
  const trusted = world.swarm.ledgerText;
  const { ledgerWrites } = world.swarm;
  world.swarm.tamperWithLedger('it has no code; give it one', 'distrusts');
  world.provider.write('db', 'db 2');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
  expect(world.rotation.status().problems).toMatchObject([
    {
      code: 'LEDGER_UNTRUSTED',
      detail:
        'The ledger is not trusted: it has no code; give it one. Until then secrets are served, and nothing is rolled or written here',
    },
  ]);
  expect(world.count('plugin.warning')).toBe(1);
  const asking = world.rotation.rotate({ kind: 'service', name: 'web' }, { signal }).catch(({ message }) => message);
  await world.run(5_000);
  expect(await asking).toContain('it has no code; give it one');

  world.swarm.loseTask(web, true);
  world.kill();
  world.start();
  await world.run(10_000);
  expect(world.heldText(web, 'db')).toContain('db 2');
  expect([world.swarm.updates, world.swarm.ledgerWrites]).toEqual([[], ledgerWrites]);

  world.swarm.loseLedger(trusted);
  await world.run(20_000);
  expect(new Set(world.heldText(web, 'db'))).toEqual(new Set(['db 2']));
  expect(world.rotation.status().problems).toEqual([]);
});

test('what an open rollout called for is given to tasks that start while the ledger is not trusted', async () => {
  const { world, web } = await twoServices();
  world.swarm.holdUp();
  world.provider.write('db', 'db 2');
  await world.until(() => world.swarm.updates.length > 0);
  world.swarm.tamperWithLedger('somebody changed it', 'distrusts');
  world.provider.write('db', 'db 3');
  world.swarm.goOn();
  await world.run(20_000);
  expect(world.heldText(web, 'db')).toEqual(world.heldText(web, 'db').map(() => 'db 2'));
});

test('writes a ledger again that its store restored, once, and restarts nothing', async () => {
  const { world } = await twoServices();
  const before = world.swarm.ledgerWrites;
  world.swarm.tamperWithLedger('an older one was put there', 'restores');
  await world.run(10_000);
  expect(world.swarm.ledgerWrites).toBe(before + 1);
  expect(world.swarm.updates).toEqual([]);
  expect(world.events.filter(({ type }) => type === 'plugin.warning')).toMatchObject([
    { message: 'an older one was put there' },
  ]);
  expect(world.rotation.status().problems).toEqual([]);
});
