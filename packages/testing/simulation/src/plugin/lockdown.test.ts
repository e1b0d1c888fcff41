import type { TimedEvent } from '@vault-swarm/provider';
import { parseLedger } from '@vault-swarm/rotation';
import { expect, test } from 'vitest';
import { fails } from '../failing.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import { Cluster } from './cluster.ts';

const [ONE, TWO, THREE] = ['one', 'two', 'three'];
const { signal } = new AbortController();
const INTERVAL_MS = 10_000;

/** Three managers with a plugin each, of which the first leads, and a service of two tasks. */
async function threeManagers() {
  const clock = new SimulatedClock();
  const provider = new SimulatedProvider(() => clock.now());
  const events: string[] = [];
  const swarm = new SimulatedSwarm(clock, { fails, ask: (task, secret) => cluster.ask(task, secret) });
  const cluster: Cluster = new Cluster({
    ...{ clock, provider, swarm, labels: simulatedLabels, managers: [ONE, TWO, THREE] },
    settings: {
      ...{ enabled: true, intervalMs: INTERVAL_MS, digestKey: null },
      policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
    },
    limits: {
      ...{ deadlineMs: 2_000, cacheMaxAgeMs: 600_000, staleIfErrorMs: 86_400_000, staleIfUnauthenticatedMs: 3_600_000 },
      cache: { maxRevisions: 100, maxBytes: 1_000_000 },
    },
    random: { next: () => 0 },
    interfere: () => null,
    isPreempted: () => false,
    tornMs: () => 0,
    hints: () => 1,
    onEvent: (manager: string, { type }: TimedEvent) => {
      if (type.startsWith('lockdown')) events.push(`${manager}: ${type}`);
    },
    onLeaderChange: () => undefined,
    onStart: () => undefined,
    onDeath: () => undefined,
    onRoll: () => undefined,
    onAnswer: () => undefined,
    onLedger: () => undefined,
  });
  provider.write('db', 'value 1');
  const db = swarm.addSecret('db', { vault_path: 'db' });
  for (const name of [ONE, TWO, THREE]) cluster.start(name);
  await clock.advance(5_000);
  const web = swarm.addService('web', 2, [db]);
  await clock.advance(20_000);
  const processOf = (name: string) => cluster.manager(name).process ?? fail(`${name} is not started`);
  /** What the driver of a manager gives, and how often it asked the provider for that. */
  const ask = async (name: string) => {
    const before = provider.reads;
    const answer = await processOf(name).get({ secretName: 'db', labels: { vault_path: 'db' } });
    const given = answer?.kind === 'value' ? new TextDecoder().decode(answer.value.reveal()) : answer?.code;
    return { given, reads: provider.reads - before };
  };
  const request = async (name: string, active: boolean) => {
    const asking = processOf(name).rotation.lockdown(active, { signal });
    const settled = asking.then(
      (lockdown) => lockdown,
      (error: Error) => error.message,
    );
    await clock.advance(20_000);
    return settled;
  };
  return {
    ...{ clock, provider, swarm, cluster, web, events, processOf, ask, request },
    inLedger: () => parseLedger(swarm.ledgerText)?.lockdown ?? null,
    held: () => swarm.runningTasks(web).map(({ held }) => held.get('db')?.text),
    problems: (name: string) =>
      processOf(name)
        .rotation.status()
        .problems.map(({ summary }) => summary),
  };
}

function fail(message: string): never {
  throw new Error(message);
}

test('a lockdown that one manager is asked for is heeded by all, and outlives all of their processes', async () => {
  const { clock, provider, cluster, ask, request, processOf, problems, events, inLedger } = await threeManagers();
  await ask(TWO);
  expect(await ask(TWO)).toEqual({ given: 'value 1', reads: 0 });
  const lockdown = await request(TWO, true);
  expect(lockdown).toEqual(inLedger());
  for (const name of [ONE, TWO, THREE]) {
    expect([await ask(name), await ask(name)]).toEqual([
      { given: 'value 1', reads: 1 },
      { given: 'value 1', reads: 1 },
    ]);
    expect(problems(name)).toEqual(['A lockdown is active']);
    expect(processOf(name).rotation.status().lockdown).toEqual(lockdown);
  }
  expect(events.toSorted()).toEqual(['one: lockdown.started', 'three: lockdown.started', 'two: lockdown.started']);

  for (const name of [ONE, TWO, THREE]) cluster.start(name);
  await clock.advance(INTERVAL_MS);
  for (const name of [ONE, TWO, THREE]) expect((await ask(name)).reads).toBe(1);

  expect(await request(THREE, false)).toBeNull();
  expect(inLedger()).toBeNull();
  await ask(ONE);
  const { reads } = provider;
  expect(await ask(ONE)).toEqual({ given: 'value 1', reads: 0 });
  expect(provider.reads).toBe(reads);
  expect(problems(ONE)).toEqual([]);
});

test('asking again changes nothing', async () => {
  const { request, inLedger, swarm } = await threeManagers();
  await request(ONE, false);
  const before = swarm.ledgerWrites;
  const first = await request(ONE, true);
  expect(await request(TWO, true)).toEqual(first);
  expect(inLedger()).toEqual(first);
  expect(swarm.ledgerWrites).toBe(before + 1);
});

test('no rotation starts by itself: it does when an operator asks, and all others after the release', async () => {
  const { clock, provider, swarm, request, held, processOf } = await threeManagers();
  await request(ONE, true);
  provider.write('db', 'value 2');
  await clock.advance(60_000);
  expect(swarm.updates).toEqual([]);
  expect(processOf(ONE).rotation.status().services).toMatchObject([
    { outdatedTasks: 2, waitingReason: { code: 'LOCKDOWN_ACTIVE' } },
  ]);
  const asking = processOf(TWO).rotation.rotate({ kind: 'service', name: 'web' }, { signal });
  await clock.advance(30_000);
  expect(await asking).toMatchObject([{ outcome: 'scheduled' }]);
  expect(held()).toEqual(['value 2', 'value 2']);
  provider.write('db', 'value 3');
  await clock.advance(60_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  await request(ONE, false);
  await clock.advance(60_000);
  expect(held()).toEqual(['value 3', 'value 3']);
  expect(swarm.updates).toEqual(['web@1', 'web@2']);
});

test('a rollout that was open is finished', async () => {
  const { clock, provider, swarm, request, held } = await threeManagers();
  provider.write('db', 'value 2');
  for (let steps = 0; swarm.updates.length === 0 && steps < 10_000; steps++) await clock.advance(10);
  await request(TWO, true);
  await clock.advance(60_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(swarm.updates).toEqual(['web@1']);
});

test('it does not end with its ledger, which is made again with it', async () => {
  const { clock, swarm, request, ask, inLedger } = await threeManagers();
  for (const damage of [null, 'damaged']) {
    await request(ONE, true);
    const lockdown = inLedger();
    swarm.loseLedger(damage);
    await clock.advance(INTERVAL_MS);
    expect(inLedger()).toEqual(lockdown);
    expect((await ask(TWO)).reads).toBe(1);
    await request(ONE, false);
  }
});

test('nor with one that is not trusted; one of a later version is heeded', async () => {
  const { clock, swarm, request, ask } = await threeManagers();
  await request(ONE, true);
  swarm.tamperWithLedger('somebody changed it', 'distrusts');
  await clock.advance(INTERVAL_MS);
  expect((await ask(ONE)).reads).toBe(1);
  expect(await request(ONE, false)).toMatch(/^the lockdown goes on: .*somebody changed it/);

  swarm.loseLedger('{"format":9}');
  await clock.advance(INTERVAL_MS);
  await ask(ONE);
  expect((await ask(ONE)).reads).toBe(0);
  swarm.loseLedger('{"format":9,"lockdown":{"sinceMs":1}}');
  await clock.advance(INTERVAL_MS);
  expect([await ask(ONE), await ask(ONE)].map(({ reads }) => reads)).toEqual([1, 1]);
});

test('while Docker is away the manager that was asked is in lockdown, and notes it for the others as soon as it can', async () => {
  const { clock, swarm, request, ask, inLedger } = await threeManagers();
  swarm.outage = new Error('no answer');
  expect(await request(THREE, true)).toMatch(
    /^this manager is in lockdown, and the others are not yet: .*; try again \(Swarm does not answer\)$/,
  );
  expect((await ask(THREE)).reads).toBe(1);
  swarm.outage = null;
  await clock.advance(2 * INTERVAL_MS);
  expect(inLedger()).not.toBeNull();
  for (const name of [ONE, TWO, THREE]) expect((await ask(name)).reads).toBe(1);
});
