import { twoServices } from '@vault-swarm/simulation';
import { expect, test, vi } from 'vitest';

/** Two services whose provider is polled once a minute only, and how often it is probed while the tasks of one crash. */
async function whileTasksCrash(before: (found: Awaited<ReturnType<typeof twoServices>>) => Promise<void>) {
  const found = await twoServices({ intervalMs: 60_000 });
  const { world, web } = found;
  await before(found);
  const probe = vi.spyOn(world.provider, 'probe');
  for (let crashes = 0; crashes < 60; crashes++) {
    world.swarm.loseTask(web, true);
    await world.run(5_000);
  }
  return { ...found, probes: probe.mock.calls.length };
}

test('tasks that crash again and again with the last good value cause one poll more for each interval', async () => {
  const { world, web, probes } = await whileTasksCrash(async ({ world }) => {
    world.provider.write('cert', 'bad');
    await world.until(() => world.count('quarantine.started') === 1);
    await world.run(60_000);
  });
  expect(world.held(web, 'cert')).toContain('v1');
  // 300 s: five polls, as many for the crashes, and each may be two probes.
  expect(probes).toBeLessThanOrEqual(20);
});
