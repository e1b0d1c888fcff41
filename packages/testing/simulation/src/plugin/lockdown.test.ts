import { parseLedger } from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import { ONE, THREE, TWO, threeManagers } from './three-managers.ts';

const { signal } = new AbortController();
const INTERVAL_MS = 10_000;

async function managers() {
  const { clock, provider, swarm, cluster, web, events, processOf, held } = await threeManagers(INTERVAL_MS);
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
    ...{ clock, provider, swarm, cluster, web, processOf, ask, request },
    lockdownEvents: () =>
      events
        .filter(({ event }) => event.type.startsWith('lockdown'))
        .map(({ manager, event }) => `${manager}: ${event.type}`),
    inLedger: () => parseLedger(swarm.ledgerText)?.lockdown ?? null,
    held,
    problems: (name: string) =>
      processOf(name)
        .rotation.status()
        .problems.map(({ summary }) => summary),
  };
}

test('a lockdown that one manager is asked for is heeded by all, and outlives all of their processes', async () => {
  const { clock, provider, cluster, ask, request, processOf, problems, lockdownEvents, inLedger } = await managers();
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
  expect(lockdownEvents().toSorted()).toEqual([
    'one: lockdown.started',
    'three: lockdown.started',
    'two: lockdown.started',
  ]);

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
  const { request, inLedger, swarm } = await managers();
  await request(ONE, false);
  const before = swarm.ledgerWrites;
  const first = await request(ONE, true);
  expect(await request(TWO, true)).toEqual(first);
  expect(inLedger()).toEqual(first);
  expect(swarm.ledgerWrites).toBe(before + 1);
});

test('no rotation starts by itself: it does when an operator asks, and all others after the release', async () => {
  const { clock, provider, swarm, request, held, processOf } = await managers();
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
  const { clock, provider, swarm, request, held } = await managers();
  provider.write('db', 'value 2');
  for (let steps = 0; swarm.updates.length === 0 && steps < 10_000; steps++) await clock.advance(10);
  await request(TWO, true);
  await clock.advance(60_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(swarm.updates).toEqual(['web@1']);
});

test('it does not end with its ledger, which is made again with it', async () => {
  const { clock, swarm, request, ask, inLedger } = await managers();
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
  const { clock, swarm, request, ask } = await managers();
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
  const { clock, swarm, request, ask, inLedger } = await managers();
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
