import { ProviderError } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test, vi } from 'vitest';
import { readLeases, serialiseLeases } from './lease-document.ts';

const MINUTE_MS = 60_000;

/** A world with other rules of the engine, and the service of {@link worldWith}. */
async function worldWithRules(rules: Partial<World['provider']['leases']['rules']>): Promise<World> {
  return (await worldWith(2, rules)).world;
}

/** A world with a service whose user name and password come from one issue. */
async function worldWith(
  replicas: number,
  rules: Partial<World['provider']['leases']['rules']> = {},
): Promise<{ readonly world: World; readonly web: string }> {
  const world = new World();
  world.provider.leases.rules = { ...world.provider.leases.rules, ...rules };
  const labels = { vault_path: 'database/creds/shop', vault_lease: 'service' };
  const ids = [
    world.swarm.addSecret('user', { ...labels, vault_field: 'username' }),
    world.swarm.addSecret('password', { ...labels, vault_field: 'password' }),
  ];
  world.start();
  await world.run(1_000);
  const web = world.addService('web', replicas, ids);
  await world.until(() => world.swarm.runningTasks(web).length === replicas);
  return { world, web };
}

/** Whether every running task has a credential that works, with its own password. */
function works(world: World, web: string): boolean {
  const passwords = world.heldText(web, 'password');
  return world
    .heldText(web, 'user')
    .every((user, index) => world.provider.leases.isValid(user ?? '') && passwords[index] === `password of ${user}`);
}

test('all tasks of a generation share one credential, which is renewed as long as they run', async () => {
  const { world, web } = await worldWith(3);
  expect(world.provider.leases.issued).toBe(1);
  for (let minutes = 0; minutes < 9; minutes++) {
    await world.run(MINUTE_MS);
    expect(works(world, web)).toBe(true);
  }
  expect(world.swarm.updates).toEqual([]);
});

test('a service is rolled to a new credential before the old one reaches its maximum', async () => {
  const { world, web } = await worldWith(2);
  for (let minutes = 0; minutes < 30; minutes++) {
    await world.run(MINUTE_MS);
    expect(works(world, web)).toBe(true);
  }
  expect(world.provider.leases.issued).toBeGreaterThan(2);
  expect(world.provider.leases.issued).toBeLessThan(7);
  expect(world.swarm.updates).toHaveLength(world.provider.leases.issued - 1);
  await world.run(3 * MINUTE_MS);
  expect(world.provider.leases.valid).toHaveLength(1);
});

test('the credentials of a service that is removed are revoked', async () => {
  const { world, web } = await worldWith(2);
  world.swarm.removeService(web);
  await world.run(2 * MINUTE_MS);
  expect(world.provider.leases.valid).toEqual([]);
  expect(world.provider.leases.living.size).toBe(0);
});

test('a new process issues nothing for running tasks, and renews what it took over', async () => {
  const { world, web } = await worldWith(2);
  await world.run(5_000);
  world.kill();
  await world.run(2_000);
  world.start();
  world.swarm.askAgain();
  await world.run(5 * MINUTE_MS);
  expect(world.provider.leases.issued).toBe(1);
  expect(world.count('lease.already-delivered')).toBeGreaterThan(0);
  expect(works(world, web)).toBe(true);
});

test('a running task that asks again does not count as having what other tasks of its generation have', async () => {
  const { world, web } = await worldWith(0);
  const unwritten = vi.spyOn(world.swarm.leaseLedger, 'compareAndSet').mockRejectedValue(new Error('it is away'));
  world.swarm.post(web, { replicas: 1 });
  await world.until(() => world.swarm.runningTasks(web).length === 1);
  world.kill();
  unwritten.mockRestore();
  world.start();
  await world.run(2_000);
  world.swarm.post(web, { replicas: 2 });
  await world.until(() => world.swarm.runningTasks(web).length === 2);
  expect(new Set(world.heldText(web, 'user')).size).toBe(2);
  world.swarm.askAgain();
  await world.run(MINUTE_MS);
  expect(world.swarm.updates).toEqual(['web@1']);
  expect(works(world, web)).toBe(true);
});

test('an outage of the provider for less than a third of the time of a lease does no harm', async () => {
  const { world, web } = await worldWith(2);
  for (let round = 0; round < 6; round++) {
    await world.run(45_000);
    world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
    await world.run(17_000);
    world.provider.outage = null;
    expect(works(world, web)).toBe(true);
  }
});

test('without the right to create holders, services are rolled before the login ends, and a problem says so', async () => {
  const world = await worldWithRules({ mayHold: false, loginTtlMs: 5 * MINUTE_MS });
  const web = world.swarm.services[0]?.id ?? '';
  expect(world.rotation.status().problems.map(({ code }) => code)).toEqual(['LEASE_HOLDER_DENIED']);
  for (let minutes = 0; minutes < 12; minutes++) {
    await world.run(MINUTE_MS);
    expect(works(world, web)).toBe(true);
  }
  expect(world.swarm.updates.length).toBeGreaterThan(1);
});

test('a renewal that fails is a problem until it works again', async () => {
  const { world } = await worldWith(1);
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  await world.run(50_000);
  expect(world.rotation.status().problems.map(({ code }) => code)).toContain('LEASE_FAILING');
  world.provider.outage = null;
  await world.run(20_000);
  expect(world.rotation.status().problems).toEqual([]);
});

/**
 * A user returns to generation 1, which the plugin has credentials of, after another leader has revoked them. The plugin
 * was cut off meanwhile. @param readsAccounts whether it reads the accounts now. Resolves when two tasks run.
 */
async function returnToRevoked(readsAccounts: boolean) {
  const { world, web } = await worldWith(2);
  world.swarm.forceUpdate(web);
  await world.run(10_000);
  world.swarm.rollBack(web);
  await world.run(10_000);
  const observing = vi.spyOn(world.swarm, 'observe').mockRejectedValue(new Error('it is away'));
  await world.run(10_000);
  const { leaseLedger } = world.swarm;
  const { signal } = new AbortController();
  const record = await leaseLedger.read({ signal });
  const reading = readLeases(record?.kind === 'text' ? record.text : '');
  if (reading.kind !== 'readable') throw new Error('the accounts are damaged');
  const { sets, holders } = reading.document;
  for (const { accessor, generation } of holders) if (generation === 1) world.provider.leases.living.delete(accessor);
  const isKept = ({ generation }: { readonly generation: number }) => generation !== 1;
  const text = serialiseLeases({ sets: sets.filter(isKept), holders: holders.filter(isKept) });
  await leaseLedger.compareAndSet(record?.version ?? null, text, { signal });
  const unread = readsAccounts ? null : vi.spyOn(leaseLedger, 'read').mockRejectedValue(new Error('it is away'));
  world.swarm.forceUpdate(web);
  await world.until(() => world.swarm.runningTasks(web).filter(({ generation }) => generation === 1).length === 2);
  return {
    ...{ world, web },
    answers: () => {
      observing.mockRestore();
      unread?.mockRestore();
    },
  };
}

test('a process that leads again gives no task what another leader has revoked meanwhile', async () => {
  const { world, web } = await returnToRevoked(true);
  expect([works(world, web), world.provider.leases.issued]).toEqual([true, 3]);
  expect(world.count('delivery.failed')).toBe(0);
});

test('if the accounts can not be read then, tasks start with what is known, and are rolled as soon as they can', async () => {
  const { world, web, answers } = await returnToRevoked(false);
  expect([works(world, web), world.provider.leases.issued]).toEqual([false, 2]);
  answers();
  await world.run(MINUTE_MS);
  // The first two are the user's.
  expect([works(world, web), world.swarm.updates]).toEqual([true, ['web@1', 'web@1', 'web@2']]);
});
