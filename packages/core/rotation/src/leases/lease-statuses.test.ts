import { ProviderError } from '@vault-swarm/provider';
import { SeededRandom, World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;

/** A service `web` with one leased secret. */
async function leasedWorld({ rules = {}, leases = {} } = {}) {
  const world = new World({ leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12, ...leases } });
  const seeded = new SeededRandom(1);
  world.random.next = () => seeded.next();
  world.provider.leases.rules = { ...world.provider.leases.rules, ...rules };
  const labels = { vault_path: 'database/creds/shop', vault_lease: 'service', vault_field: 'username' };
  const user = world.swarm.addSecret('user', labels);
  world.start();
  await world.run(1_000);
  const web = world.addService('web', 1, [user]);
  await world.run(3_000);
  const status = () => world.rotation.status();
  return { world, web, status, problems: () => status().problems.map(({ code, services }) => [code, ...services]) };
}

test('a credential is shown with its service, its owner and its times, which move with each renewal', async () => {
  const { world, status } = await leasedWorld();
  const [first] = status().leases.sets;
  expect(first).toMatchObject({
    ...{ service: 'web', generation: 0, provider: 'vault', ref: 'vault database/creds/shop', secrets: ['user'] },
    ...{ tasks: 1, state: 'active', holder: 'token', renewable: true, problem: null },
    ...{ renewedAtMs: null, endsAtMs: null, rollsAtMs: null },
  });
  expect((first?.expiresAtMs ?? 0) - (first?.issuedAtMs ?? 0)).toBe(MINUTE_MS);
  await world.run(MINUTE_MS);
  const [later] = status().leases.sets;
  expect((later?.expiresAtMs ?? 0) - (later?.renewedAtMs ?? 0)).toBe(MINUTE_MS);
});

test('a credential that is not renewed shows when its service is rolled, and then what replaces it', async () => {
  const { world, status } = await leasedWorld({ rules: { renewable: false, ttlMs: 10 * MINUTE_MS } });
  const [first] = status().leases.sets;
  const lifeMs = (first?.endsAtMs ?? 0) - (first?.issuedAtMs ?? 0);
  const part = ((first?.rollsAtMs ?? 0) - (first?.issuedAtMs ?? 0)) / lifeMs;
  expect([first?.renewable, lifeMs]).toEqual([false, 10 * MINUTE_MS]);
  expect(part).toBeGreaterThan(0.6);
  expect(part).toBeLessThan(0.72);
  await world.run((first?.rollsAtMs ?? 0) - world.clock.now() + 5_000);
  const states = () => status().leases.sets.map(({ generation, state }) => `${generation} ${state}`);
  await world.until(() => states().includes('0 unused'));
  expect(states()).toEqual(['0 unused', '1 active']);
});

test('what fails is shown for the credential, and as a problem of its service', async () => {
  const { world, web, status, problems } = await leasedWorld();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'away');
  await world.run(45_000);
  expect(status().leases.sets[0]?.problem).toEqual({ operation: 'renew', message: 'away' });
  expect(problems()).toContainEqual(['LEASE_FAILING', 'web']);
  expect(problems()).toContainEqual(['LEASE_ENDING_SOON', 'web']);
  world.swarm.removeService(web);
  await world.run(70_000);
  const [gone] = status().leases.sets;
  expect(gone).toMatchObject({ service: 'web', ref: null, tasks: 0, state: 'unused' });
  expect(gone?.problem?.operation).toBe('revoke');
});

test('a limit that is reached is a problem of its own, and no failure of the provider', async () => {
  const { world, problems } = await leasedWorld({ leases: { maxSets: 1 } });
  const secret = world.swarm.addSecret('other', { vault_path: 'database/creds/other', vault_lease: 'service' });
  world.addService('api', 1, [secret]);
  await world.run(3_000);
  expect(problems()).toContainEqual(['LEASE_LIMIT_REACHED', 'api']);
  expect(world.events.find((event) => event.type === 'lease.failed')).toMatchObject({ limit: 'LEASE_MAX' });
});
