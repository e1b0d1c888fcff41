import { ProviderError } from '@vault-swarm/provider';
import { twoServices, World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { AccessDenied } from './ports/orchestrator.ts';

test('keeps every task as it is while the provider is away, and says so', async () => {
  const { world } = await twoServices();
  world.provider.outage = new ProviderError('UNAVAILABLE', 'connection refused');
  await world.run(10_000);
  expect(world.swarm.updates).toEqual([]);
  // Its last good values are there to be delivered.
  expect(world.rotation.status().problems.map(({ summary }) => summary)).toEqual(['A provider does not answer']);
  expect(world.count('provider.failed')).toBe(1);
  const { reads } = world.provider;
  world.provider.outage = null;
  await world.run(3_000);
  expect(world.count('provider.recovered')).toBe(1);
  // At most the one that tries whether the provider is back.
  expect(world.provider.reads).toBeLessThanOrEqual(reads + 1);
  expect(world.rotation.status().problems).toEqual([]);
});

test('rebuilds a ledger that was deleted or damaged without restarting what is current', async () => {
  const { world } = await twoServices();
  for (const damage of [null, '{"format":1,"secrets":7}']) {
    world.swarm.loseLedger(damage);
    await world.run(5_000);
    expect(world.swarm.ledgerText).toContain('"secrets"');
  }
  expect(world.swarm.updates).toEqual([]);
});

test('beats only when Docker answered', async () => {
  const { world } = await twoServices();
  world.swarm.outage = new Error('no answer');
  world.events.length = 0;
  await world.run(5_000);
  const passes = world.events.filter((event) => event.type === 'reconcile.completed');
  expect(passes.length).toBeGreaterThan(2);
  expect(passes.every((event) => !event.orchestratorAnswered)).toBe(true);
  expect(world.count('orchestrator.failed')).toBe(1);
  expect(world.rotation.status().problems.map(({ summary }) => summary)).toEqual(['Swarm does not answer']);
});

test('after a failed pass the next one comes after 1 s, then 2, 4 …, however long the interval is', async () => {
  const world = new World({ intervalMs: 600_000 });
  world.swarm.outage = new Error('no answer');
  world.start();
  await world.run(64_000);
  // 0, 1, 3, 7, 15, 31 and 63 s after the start, or a little earlier.
  expect(world.count('reconcile.completed')).toBe(7);
  world.swarm.outage = null;
  await world.run(64_000);
  expect(world.count('reconcile.completed')).toBe(8);
  expect(world.count('orchestrator.recovered')).toBe(1);
});

test('keeps no value and no path in the ledger', async () => {
  const { world } = await twoServices();
  expect(world.swarm.ledgerText).not.toMatch(/db 1|cert 1|"db"|"cert"/);
});

test('an orchestrator that refuses a request is not one that does not answer', async () => {
  const { world } = await twoServices();
  world.swarm.outage = new AccessDenied('GET /secrets was answered with 403');
  await world.run(5_000);
  expect(world.rotation.status().problems).toContainEqual(
    expect.objectContaining({
      summary: 'Swarm refuses a request that the plugin needs',
      detail: 'Swarm refuses a request that the plugin needs: GET /secrets was answered with 403',
    }),
  );
});
