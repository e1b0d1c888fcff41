import { twoServices } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

test('a service whose secret changes faster than it rolls is rolled ever more rarely, says so, and has the newest value in the end', async () => {
  const { world, web } = await twoServices();
  for (let second = 1; second <= 600; second++) {
    world.provider.write('cert', `cert v${second}`);
    await world.run(1_000);
  }
  expect(world.swarm.updates.length).toBeGreaterThan(20);
  expect(world.swarm.updates.length).toBeLessThan(45);
  const { problems } = world.rotation.status();
  expect(problems.map(({ summary }) => summary)).toEqual(['A service rotates faster than it rolls']);
  expect(problems[0]?.detail).toMatch(/web: its secrets changed again within 30 s of each of its last \d+ rollouts/);
  await world.run(300_000);
  expect(new Set(world.heldText(web, 'cert'))).toEqual(new Set(['cert v600']));
  expect(world.rotation.status().problems).toEqual([]);
});

test('nineteen changes in a row are each rolled out without a pause', async () => {
  const { world, web } = await twoServices();
  const startedAtMs = world.clock.monotonic();
  for (let change = 2; change <= 20; change++) {
    world.provider.write('cert', `cert ${change}`);
    await world.until(() => world.count('rollout.completed') === change - 1);
  }
  expect(world.held(web, 'cert')).toEqual(['v20', 'v20', 'v20']);
  expect(world.clock.monotonic() - startedAtMs).toBeLessThan(90_000);
  expect(world.rotation.status().problems).toEqual([]);
});

test('a manual rotation has no pause', async () => {
  const { world, web } = await twoServices();
  for (let second = 1; second <= 300; second++) {
    world.provider.write('cert', `cert v${second}`);
    await world.run(1_000);
  }
  const { length } = world.swarm.updates;
  await world.run(1_000);
  expect(world.swarm.updates.length).toBe(length);
  const { signal } = new AbortController();
  const requested = world.rotation.rotate({ kind: 'service', name: 'web' }, { signal });
  await world.run(10_000);
  await requested;
  expect(world.heldText(web, 'cert')).toEqual(Array(3).fill('cert v300'));
});
