import { parseLedger } from '@vault-swarm/rotation/ledger-format';
import { describe, expect, test, vi } from 'vitest';
import { ONE, THREE, TWO, threeManagers } from './three-managers.ts';

const INTERVAL_MS = 600_000;

/** Three managers, and the time in which a hint must have led to the last task. */
async function hinted() {
  const found = await threeManagers(INTERVAL_MS);
  const { clock, provider, writers, processOf } = found;
  const probes = vi.spyOn(provider, 'probe');
  await clock.advance(INTERVAL_MS);
  writers.splice(0);
  probes.mockClear();
  const hint = (manager: string) => processOf(manager).rotation.hint('vault', 'audit');
  return { ...found, probes, hint };
}

test.each([
  ['the leader', ONE],
  ['a standby', TWO],
])('a hint to %s leads to a rollout long before the next poll', async (_who, manager) => {
  const { clock, provider, held, hint, swarm } = await hinted();
  provider.write('db', 'value 2');
  await clock.advance(30_000);
  expect(held()).toEqual(['value 1', 'value 1']);
  hint(manager);
  await clock.advance(10_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(parseLedger(swarm.ledgerText)?.hints).toEqual({});
});

test('without a change, a hint to the leader writes nothing and is followed by two polls', async () => {
  const { clock, hint, probes, writers } = await hinted();
  hint(ONE);
  await clock.advance(30_000);
  expect(probes.mock.calls.length).toBe(2);
  expect(writers).toEqual([]);
});

test('a provider that still returns the old value when the hint arrives is polled once more', async () => {
  const { clock, provider, held, hint } = await hinted();
  hint(TWO);
  await clock.advance(2_000);
  provider.write('db', 'value 2');
  await clock.advance(10_000);
  expect(held()).toEqual(['value 2', 'value 2']);
});

test('a flood of hints causes at most one poll and one write a second', async () => {
  const { clock, hint, probes, writers } = await hinted();
  for (let hints = 0; hints < 1_000; hints++) {
    for (const manager of [ONE, TWO, THREE]) hint(manager);
    await clock.advance(10);
  }
  expect(probes.mock.calls.length).toBeLessThanOrEqual(11);
  expect(probes.mock.calls.length).toBeGreaterThanOrEqual(8);
  for (const standby of [TWO, THREE]) expect(writers.filter((name) => name === standby).length).toBeLessThanOrEqual(11);
});

test('a hint that waits for a leader reaches the next one', async () => {
  const { clock, cluster, provider, held, hint } = await hinted();
  provider.write('db', 'value 2');
  cluster.setLeader(null);
  hint(THREE);
  await clock.advance(15_000);
  cluster.setLeader(TWO);
  await clock.advance(60_000);
  expect(held()).toEqual(['value 2', 'value 2']);
});

describe('the cause of a rollout', () => {
  const causes = ({ events }: Awaited<ReturnType<typeof threeManagers>>, type: string) =>
    events.flatMap(({ event }) => (event.type === type && 'cause' in event ? [event.cause] : []));

  test('is the hook that noticed the change, also on a standby, and is kept until the end', async () => {
    const found = await hinted();
    const { clock, provider, hint, swarm } = found;
    provider.write('db', 'value 2');
    hint(TWO);
    await clock.advance(20_000);
    const cause = {
      secret: 'db',
      from: 'v1',
      to: 'v2',
      noticedBy: 'hook',
      hook: 'audit',
      noticedAtMs: expect.any(Number),
    };
    expect(causes(found, 'rollout.started')).toEqual([[cause]]);
    expect(causes(found, 'rollout.completed')).toEqual([[cause]]);
    expect(swarm.ledgerText).not.toMatch(/hook|triggers|noticed/);
  });

  test('is the poll, without a hook', async () => {
    const found = await threeManagers(1_000);
    found.provider.write('db', 'value 2');
    await found.clock.advance(20_000);
    expect(causes(found, 'rollout.completed')).toMatchObject([
      [{ secret: 'db', from: 'v1', to: 'v2', noticedBy: 'poll', hook: null }],
    ]);
  });

  test('is the operator who requested it', async () => {
    const found = await hinted();
    const { clock, provider, processOf } = found;
    provider.write('db', 'value 2');
    const { signal } = new AbortController();
    const requested = processOf(ONE).rotation.rotate({ kind: 'service', name: 'web' }, { signal });
    await clock.advance(30_000);
    await requested;
    expect(causes(found, 'rollout.completed')).toMatchObject([[{ secret: 'db', to: 'v2', noticedBy: 'operator' }]]);
  });

  test('is the start, if the value changed while no plugin ran', async () => {
    const found = await hinted();
    const { clock, provider, cluster } = found;
    for (const name of [ONE, TWO, THREE]) cluster.manager(name).process?.kill();
    provider.write('db', 'value 2');
    for (const name of [ONE, TWO, THREE]) cluster.start(name);
    await clock.advance(30_000);
    expect(causes(found, 'rollout.completed')).toMatchObject([
      [{ secret: 'db', from: 'v1', to: 'v2', noticedBy: 'start' }],
    ]);
  });

  test('survives the leader that noticed it', async () => {
    const found = await hinted();
    const { clock, provider, hint, cluster, swarm } = found;
    provider.write('db', 'value 2');
    hint(ONE);
    for (let steps = 0; !swarm.ledgerText.includes('"triggers"') && steps < 1_000; steps++) await clock.advance(10);
    cluster.manager(ONE).process?.kill();
    cluster.setLeader(TWO);
    await clock.advance(60_000);
    expect(causes(found, 'rollout.completed')).toMatchObject([[{ secret: 'db', noticedBy: 'hook', hook: 'audit' }]]);
  });
});
