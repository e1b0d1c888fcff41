import { parseLedger } from '@vault-swarm/rotation';
import { expect, test, vi } from 'vitest';
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
