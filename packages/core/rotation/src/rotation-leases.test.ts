import { ProviderError } from '@vault-swarm/provider';
import { SeededRandom, World } from '@vault-swarm/simulation';
import { expect, test, vi } from 'vitest';
import type { RotateRequest } from './ports/manual-rotation.ts';

const MINUTE_MS = 60_000;
const { signal } = new AbortController();
const LABELS = { vault_path: 'database/creds/shop', vault_lease: 'service' };

/** A service `web` whose user name and password come from one issue. */
async function leasedWorld(replicas = 2, rules: Partial<World['provider']['leases']['rules']> = {}) {
  const world = new World();
  world.provider.leases.rules = { ...world.provider.leases.rules, ...rules };
  // The ids of sets are random.
  const seeded = new SeededRandom(1);
  world.random.next = () => seeded.next();
  const user = world.swarm.addSecret('user', { ...LABELS, vault_field: 'username' });
  const password = world.swarm.addSecret('password', { ...LABELS, vault_field: 'password' });
  world.start();
  await world.run(1_000);
  const web = world.addService('web', replicas, [user, password]);
  await world.until(() => world.swarm.runningTasks(web).length === replicas);
  await world.run(2_000);
  const { leases } = world.provider;
  return {
    world,
    ...{ web, user, password, leases },
    users: () => world.heldText(web, 'user'),
    /** Whether every running task has a credential that works, with its own password. */
    works: () => {
      const passwords = world.heldText(web, 'password');
      return world
        .heldText(web, 'user')
        .every((name, index) => leases.isValid(name ?? '') && passwords[index] === `password of ${name}`);
    },
    rotate: async (request: RotateRequest) => {
      const asking = world.rotation.rotate(request, { signal });
      await world.run(1_000);
      return (await asking).map(({ name, outcome }) => `${name}: ${outcome}`);
    },
    lockdown: async (active: boolean) => {
      const asking = world.rotation.lockdown(active, { signal });
      await world.run(1_000);
      return asking;
    },
  };
}

/** Who noticed the changes that rollouts brought, oldest first. */
function causes(world: World): readonly (string | null)[] {
  return world.events
    .flatMap((event) => (event.type === 'rollout.started' ? event.cause : []))
    .map((cause) => cause?.noticedBy ?? null);
}

test('a rollout before the end of a credential has the cause lease, in its event and in the status', async () => {
  const { world } = await leasedWorld();
  await world.until(() => world.rotation.status().services[0]?.rollout != null).catch(() => undefined);
  while (world.swarm.updates.length === 0) await world.run(500);
  const [service] = world.rotation.status().services;
  expect(service?.rollout?.cause.map(({ secret, noticedBy }) => [secret, noticedBy])).toEqual([
    ['user', 'lease'],
    ['password', 'lease'],
  ]);
  expect(causes(world)).toEqual(['lease', 'lease']);
});

test('a manual rotation brings a new credential, once for each request, and revokes the old one', async () => {
  const { world, users, works, rotate, leases } = await leasedWorld();
  const [before] = users();
  expect(await rotate({ kind: 'secret', name: 'user' })).toEqual(['web: scheduled']);
  await world.run(3 * MINUTE_MS);
  expect(world.swarm.updates).toHaveLength(1);
  expect(users()).not.toContain(before);
  expect(works()).toBe(true);
  expect(leases.valid).toHaveLength(1);
  expect(causes(world)).toEqual(['operator', 'operator']);
  expect(await rotate({ kind: 'service', name: 'web' })).toEqual(['web: scheduled']);
  await world.run(3 * MINUTE_MS);
  expect(world.swarm.updates).toHaveLength(2);
  expect(leases.issued).toBe(3);
});

test('the preview of a manual rotation shows the rollout, and issues nothing', async () => {
  const { world, leases } = await leasedWorld();
  const asking = world.rotation.preview({ kind: 'secret', name: 'password' }, { signal });
  await world.run(2_000);
  expect(await asking).toEqual([
    { name: 'web', secrets: ['user', 'password'], outcome: 'scheduled', tasks: 2, waitingReason: null },
  ]);
  await world.run(MINUTE_MS);
  expect([world.swarm.updates, leases.issued]).toEqual([[], 1]);
});

test('in a lockdown no task is given a credential of another one, and running tasks keep theirs', async () => {
  const { world, web, users, works, lockdown, leases } = await leasedWorld(1);
  const [first] = users();
  await lockdown(true);
  world.swarm.askAgain();
  await world.run(2_000);
  expect([users(), leases.issued]).toEqual([[first], 1]);
  world.swarm.post(web, { replicas: 3 });
  await world.until(() => world.swarm.runningTasks(web).length === 3);
  expect(new Set(users()).size).toBe(3);
  expect([leases.issued, works()]).toEqual([3, true]);
  await lockdown(false);
  await world.run(5 * MINUTE_MS);
  expect([world.swarm.updates, works()]).toEqual([[], true]);
});

test('in a lockdown an operator can replace a credential, and one that ends is replaced', async () => {
  const { world, users, works, lockdown, rotate } = await leasedWorld();
  const [before] = users();
  await lockdown(true);
  await rotate({ kind: 'service', name: 'web' });
  await world.run(MINUTE_MS);
  expect(users()).not.toContain(before);
  for (let minutes = 0; minutes < 12; minutes++) {
    await world.run(MINUTE_MS);
    expect(works()).toBe(true);
  }
  expect(causes(world)).toContain('lease');
});

/** The access policy denies `web` its credential from now on. */
function deny(world: World): void {
  const rules = [{ stacks: null, services: ['web'], grant: new Map([['vault', ['kv/*']]]), versions: 'any' as const }];
  world.access.replace({ mode: 'enforce', default: 'allow', rules, stacksOfProvider: new Map() });
}

test('nothing is issued and nothing is due for a service that the access policy denies, also if a rollout is open', async () => {
  const { world, leases } = await leasedWorld(2, { renewable: false, ttlMs: 10 * MINUTE_MS });
  await world.run(6 * MINUTE_MS);
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  for (let s = 0; s < 90 && world.rotation.status().services[0]?.rollout === null; s++) await world.run(1_000);
  expect(causes(world)).toEqual(['lease', 'lease']);
  deny(world);
  world.provider.outage = null;
  await world.run(2 * MINUTE_MS);
  expect([leases.issued, world.swarm.updates]).toEqual([1, []]);
  const { problems, services } = world.rotation.status();
  expect(problems.map(({ code }) => code)).toContain('POLICY_DENIED');
  expect(services[0]?.outdatedTasks).toBe(0);
});

test('the credential that tasks have is renewed after the access policy denied it, and revoked after the last task', async () => {
  const { world, web, leases, works } = await leasedWorld();
  deny(world);
  await world.run(5 * MINUTE_MS);
  expect([works(), world.rotation.status().services[0]?.outdatedTasks]).toEqual([true, 0]);
  world.swarm.removeService(web);
  await world.run(2 * MINUTE_MS);
  expect(leases.living.size).toBe(0);
});

test('a service whose labels name another path gets the credential of that path, and the old one is revoked', async () => {
  const { world, web, user, password, works, leases } = await leasedWorld();
  for (const [id, field] of [
    [user, 'username'],
    [password, 'password'],
  ] as const)
    world.swarm.setLabels(id, { ...LABELS, vault_path: 'database/creds/other', vault_field: field });
  await world.run(10_000);
  expect(world.swarm.updates).toHaveLength(1);
  await world.until(() => world.swarm.runningTasks(web).length === 2);
  expect(works()).toBe(true);
  expect(world.events.flatMap((event) => (event.type === 'lease.issued' ? event.ref : []))).toEqual([
    'vault database/creds/shop',
    'vault database/creds/other',
  ]);
  await world.run(3 * MINUTE_MS);
  expect([leases.valid.length, world.swarm.updates.length]).toEqual([1, 1]);
});

test('a new credential is delivered only after it has settled, at the first start and in a rollout', async () => {
  const settleMs = 8_000;
  const world = new World();
  const secret = world.swarm.addSecret('key', { ...LABELS, vault_field: 'username', vault_settle: String(settleMs) });
  world.start();
  await world.run(1_000);
  const web = world.addService('web', 1, [secret]);
  const { leases } = world.provider;
  /** When each credential was first delivered, after its issue. */
  const waits = () => {
    const given = world.events.flatMap((event) => (event.type === 'secret.delivered' ? [event.atMs] : []));
    const issued = [...leases.leases.values()].map(({ issuedAtMs }) => issuedAtMs);
    return issued.map((atMs, index) => {
      const next = issued[index + 1] ?? Number.POSITIVE_INFINITY;
      return (given.find((time) => time > atMs && time <= next) ?? Number.NaN) - atMs;
    });
  };
  await world.run(3_000);
  expect(world.events.find((event) => event.type === 'delivery.failed')).toMatchObject({
    ...{ code: 'UNAVAILABLE', message: expect.stringContaining('withheld until it works everywhere') },
  });
  await world.until(() => world.swarm.runningTasks(web).length === 1);
  const asking = world.rotation.rotate({ kind: 'service', name: 'web' }, { signal });
  await world.run(1_000);
  await asking;
  expect(world.swarm.updates).toEqual([]);
  await world.run(MINUTE_MS);
  expect([leases.issued, world.swarm.updates]).toEqual([2, ['web@1']]);
  for (const waitMs of waits()) expect(waitMs).toBeGreaterThanOrEqual(settleMs);
  expect(world.heldText(web, 'key')).toEqual([[...leases.leases.keys()].at(-1)]);
});

test.each(['read', 'compareAndSet'] as const)(
  'if the %s of the accounts is rejected, only leases suffer: other secrets rotate, and credentials in use are renewed',
  async (call) => {
    const { world, web, works, leases } = await leasedWorld();
    const db = world.swarm.addSecret('db', { vault_path: 'db' });
    world.provider.write('db', 'one');
    const plain = world.addService('plain', 1, [db]);
    await world.until(() => world.swarm.runningTasks(plain).length === 1);
    await world.run(2_000);
    const rejected = vi.spyOn(world.swarm.leaseLedger, call).mockRejectedValue(new Error('it is too large'));
    // Another task changes the accounts.
    world.swarm.post(web, { replicas: 3 });
    world.provider.write('db', 'two');
    await world.run(3 * MINUTE_MS);
    expect(rejected).toHaveBeenCalled();
    expect(world.heldText(plain, 'db')).toEqual(['two']);
    expect([works(), leases.issued, world.count('reconcile.failed')]).toEqual([true, 1, 0]);
    const problems = () => world.rotation.status().problems.map(({ code, subject }) => [code, subject]);
    expect(problems()).toEqual([['LEASE_FAILING', 'the accounts of leases']]);
    rejected.mockRestore();
    await world.run(10_000);
    expect(problems()).toEqual([]);
  },
);

test('what is to be revoked causes no further passes while the accounts can not be written', async () => {
  const { world, web, leases } = await leasedWorld();
  const rejected = vi.spyOn(world.swarm.leaseLedger, 'compareAndSet').mockRejectedValue(new Error('it is too large'));
  world.swarm.removeService(web);
  await world.run(2 * MINUTE_MS);
  const before = world.count('reconcile.completed');
  await world.run(MINUTE_MS);
  // An interval is up to a tenth shorter, and a pass follows each renewal.
  expect(world.count('reconcile.completed') - before).toBeLessThan(80);
  expect(leases.living.size).toBe(1);
  rejected.mockRestore();
  await world.run(MINUTE_MS);
  expect(leases.living.size).toBe(0);
});
