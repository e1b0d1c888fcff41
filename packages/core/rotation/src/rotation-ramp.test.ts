import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { RotationPolicy } from './ports/rotation-ports.ts';

const policy = { maxParallel: 2, maxParallelLimit: 4, stuckAfterMs: 600_000, onFailure: 'rollback' } as const;
const FAILURE = 'waits for a newer value of shared, or a manual rotation: this one made tasks of s0 fail';

/** Services that share one secret, in a world in which the plugin runs. */
async function servicesWithOneSecret(count: number, settings: Partial<RotationPolicy> = {}) {
  const world = new World({ policy: { ...policy, ...settings } });
  world.provider.write('shared', 'one');
  const shared = world.swarm.addSecret('shared', { vault_path: 'shared' });
  const ids = Array.from({ length: count }, (_, index) => world.addService(`s${index}`, 1, [shared]));
  world.start();
  await world.run(2_000);
  return { world, ids, texts: () => ids.flatMap((id) => world.heldText(id, 'shared')) };
}

const isRolling = ({ status }: { readonly status: { readonly state: string } }) => status.state === 'rolling';

/** Names of the services whose rollout started, in the order in which it did. */
const started = (world: World) =>
  world.events.flatMap((event) => (event.type === 'rollout.started' ? [event.service] : []));

const waiting = (world: World) =>
  world.rotation
    .status()
    .services.flatMap(({ name, waitingReason }) => (waitingReason?.message === FAILURE ? [name] : []));

test('each service that succeeds lets one more roll at the same time, up to the limit', async () => {
  const { world, texts } = await servicesWithOneSecret(16);
  world.provider.write('shared', 'two');
  const together: number[] = [];
  for (let passedMs = 0; passedMs < 120_000; passedMs += 100) {
    await world.run(100);
    const done = world.count('rollout.completed');
    const rolling = world.swarm.services.filter(isRolling).length;
    expect(rolling).toBeLessThanOrEqual(Math.min(2 + done, 4));
    together.push(rolling);
  }
  expect(Math.max(...together)).toBe(4);
  expect(new Set(texts())).toEqual(new Set(['two']));
  expect(world.swarm.updates).toHaveLength(16);
});

test('no further service starts with a value that made tasks fail, and each says why', async () => {
  const { world, texts } = await servicesWithOneSecret(8);
  world.provider.write('shared', 'bad s0 s1');
  await world.run(120_000);
  expect(started(world).toSorted()).toEqual(['s0', 's1']);
  expect(new Set(texts())).toEqual(new Set(['one']));
  expect(waiting(world)).toEqual(['s2', 's3', 's4', 's5', 's6', 's7']);
  // They wait for somebody, so no pass is made more often than the interval.
  expect(world.rotation.status().services[2]?.problem?.message).toBe(FAILURE);
});

test('a newer value is rolled out, with few services at first', async () => {
  const { world, texts } = await servicesWithOneSecret(8);
  world.provider.write('shared', 'bad s0 s1');
  await world.run(60_000);
  world.provider.write('shared', 'three');
  await world.until(() => world.swarm.services.filter(isRolling).length > 0);
  expect(world.swarm.services.filter(isRolling).length).toBeLessThanOrEqual(2);
  await world.run(120_000);
  expect(new Set(texts())).toEqual(new Set(['three']));
  expect(waiting(world)).toEqual([]);
});

test('an operator can decide that other services still get the value', async () => {
  const { world, ids } = await servicesWithOneSecret(5);
  world.provider.write('shared', 'bad s0 s1');
  await world.run(60_000);
  void world.rotation.rotate({ kind: 'service', name: 's3' }, { signal: new AbortController().signal });
  await world.run(60_000);
  expect(ids.map((id) => world.heldText(id, 'shared'))).toEqual([['one'], ['one'], ['one'], ['bad s0 s1'], ['one']]);
});

test('what an operator asked for every service ends as well when the value fails once more', async () => {
  const { world } = await servicesWithOneSecret(8, { maxParallel: 1, maxParallelLimit: 1 });
  world.provider.write('shared', 'bad s0');
  await world.run(60_000);
  expect(started(world)).toEqual(['s0']);
  void world.rotation.rotate({ kind: 'secret', name: 'shared' }, { signal: new AbortController().signal });
  await world.run(240_000);
  expect(started(world)).toEqual(['s0', 's0']);
  expect(waiting(world)).toHaveLength(7);
});

test('another secret is rolled out meanwhile, and a service that uses both waits', async () => {
  const { world } = await servicesWithOneSecret(3);
  world.provider.write('other', 'other 1');
  const other = world.swarm.addSecret('other', { vault_path: 'other' });
  const own = world.addService('own', 1, [other]);
  const shared = world.swarm.services[2]?.spec.secretIds[0] ?? '';
  const both = world.addService('both', 1, [shared, other]);
  await world.run(10_000);
  world.provider.write('shared', 'bad s0 s1');
  await world.run(60_000);
  world.provider.write('other', 'other 2');
  await world.run(60_000);
  expect([world.heldText(own, 'other'), world.heldText(both, 'other')]).toEqual([['other 2'], ['other 1']]);
  expect(waiting(world)).toContain('both');
});

test('what failed stays known after a restart of the plugin, and the next process starts with few services', async () => {
  const { world } = await servicesWithOneSecret(8);
  world.provider.write('shared', 'bad s0 s1');
  await world.run(60_000);
  world.kill();
  world.start();
  await world.run(60_000);
  expect(started(world).toSorted()).toEqual(['s0', 's1']);
  expect(waiting(world)).toHaveLength(6);
});

test('a value that fails stops others even if the operator wants no rollback, until its service is rotated', async () => {
  const { world } = await servicesWithOneSecret(4, { maxParallel: 1, maxParallelLimit: 1 });
  Object.assign(world.settings, { policy: { ...world.settings.policy, onFailure: 'pause' } });
  world.provider.write('shared', 'bad s0');
  await world.run(60_000);
  expect(started(world)).toEqual(['s0']);
  expect(waiting(world)).toEqual(['s1', 's2', 's3']);
});

test('what an operator asked for ends also for a service whose tasks an earlier value made fail', async () => {
  const { world } = await servicesWithOneSecret(3, { maxParallel: 1, maxParallelLimit: 1, onFailure: 'pause' });
  world.provider.write('shared', 'bad s0');
  await world.run(60_000);
  world.provider.write('shared', 'bad s1 s2');
  await world.run(60_000);
  expect(started(world)).toEqual(['s0', 's1']);
  void world.rotation.rotate({ kind: 'secret', name: 'shared' }, { signal: new AbortController().signal });
  await world.run(240_000);
  expect(started(world)).toEqual(['s0', 's1', 's2']);
});
