import { refKey, SecretValue } from '@vault-swarm/provider';
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

test('a second task that is given an unseen value while the poll for the first one reads needs no further poll', async () => {
  const { world, web } = await twoServices({ intervalMs: 600_000 });
  const { provider, clock, rotation } = world;
  const read = provider.read.bind(provider);
  vi.spyOn(provider, 'read').mockImplementation((async (...args: Parameters<typeof read>) => {
    await clock.sleep(200);
    return read(...args);
  }) as unknown as typeof read);
  provider.write('cert', 'cert 2');
  const ref = { provider: 'vault', location: { path: 'cert' }, encoding: 'raw' } as const;
  const given = { secretName: 'cert', provider: 'vault', refKey: refKey(ref), revision: 'v2' };
  const value = () => SecretValue.fromText('cert 2');
  rotation.record({ ...given, taskId: 'one', value: value() });
  await world.run(100);
  rotation.record({ ...given, taskId: 'two', value: value() });
  await world.run(60_000);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
});

test('deliveries of a value that no poll has found yet start neither a pass nor a poll, because they could not be used', async () => {
  const { world } = await twoServices({ intervalMs: 600_000 });
  const passes = vi.spyOn(world.swarm, 'observe');
  const polls = vi.spyOn(world.provider, 'probe');
  const ref = { provider: 'vault', location: { path: 'other' }, encoding: 'raw' } as const;
  for (let task = 0; task < 100; task++) {
    const given = { secretName: 'other', provider: 'vault', refKey: refKey(ref), revision: 'v1' };
    world.rotation.record({ ...given, taskId: `task-${task}`, value: SecretValue.fromText('other 1') });
    await world.run(100);
  }
  expect([passes.mock.calls.length, polls.mock.calls.length]).toEqual([0, 0]);
});

test('a manual request for one secret polls that secret alone, and its new value counts as noticed by the operator', async () => {
  const { world, web } = await twoServices({ intervalMs: 600_000 });
  const probe = vi.spyOn(world.provider, 'probe');
  const polled = () => new Set(probe.mock.calls.flatMap(([refs]) => refs.map(({ location }) => location.path)));
  world.provider.write('cert', 'cert 2');
  world.provider.write('queue', 'queue 2');
  const signal = new AbortController().signal;
  const asked = world.rotation.rotate({ kind: 'secret', name: 'cert' }, { signal });
  await world.run(20_000);
  expect(await asked).toMatchObject([{ name: 'web', secrets: ['cert'], outcome: 'scheduled' }]);
  expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  expect(polled()).toEqual(new Set(['cert']));
  expect(world.events.find(({ type }) => type === 'revision.changed')).toMatchObject({ noticedBy: 'operator' });
});
