import { AccessGuard, ALLOW_ALL, type TimedEvent } from '@vault-swarm/provider';
import { parseLedger, serialiseLedger } from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import { fails } from '../failing.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import { Cluster, type LedgerFormat } from './cluster.ts';

const [EARLIER, PRESENT] = ['earlier', 'present'];
const { signal } = new AbortController();

/**
 * An earlier version: it writes ledgers of format 1, and to it those of format 5 are of a later version. It refuses them as the
 * present one refuses format 6.
 */
const earlierFormat: LedgerFormat = {
  written: (text) => {
    const { digestKey, secrets, services } = parseLedger(text) ?? { digestKey: null, secrets: {}, services: {} };
    const rows = Object.entries(secrets).map(([key, { revision, digest, seenAtMs }]) => [
      key,
      [revision, digest, seenAtMs],
    ]);
    const open = Object.entries(services).map(([id, { rollout }]) => {
      if (rollout === null) return [id, {}];
      const target = Object.entries(rollout.target).map(([key, { revision, digest }]) => [key, [revision, digest]]);
      const { generation, startedAtMs, changedAtMs, attempt, state } = rollout;
      const failed = state === 'failed';
      return [
        id,
        { rollout: { generation, startedAtMs, changedAtMs, attempt, failed, target: Object.fromEntries(target) } },
      ];
    });
    const columns = { secrets: Object.fromEntries(rows), services: Object.fromEntries(open) };
    return JSON.stringify({ format: 1, digestKey, ...columns });
  },
  read: (text) => {
    if (!text.startsWith('{"format":1,')) return text.replace('"format":5', '"format":6');
    const ledger = parseLedger(text);
    return ledger === null ? text : serialiseLedger(ledger);
  },
};

/** Two managers, of which the one has an earlier version of the plugin and leads, and a service of two tasks. */
async function twoVersions() {
  const clock = new SimulatedClock();
  const provider = new SimulatedProvider(() => clock.now());
  const writers: string[] = [];
  const warnings: string[] = [];
  const swarm = new SimulatedSwarm(clock, { fails, ask: (task, secret) => cluster.ask(task, secret) });
  const cluster: Cluster = new Cluster({
    ...{
      clock,
      provider,
      swarm,
      labels: simulatedLabels,
      access: new AccessGuard(ALLOW_ALL),
      managers: [EARLIER, PRESENT],
    },
    settings: {
      enabled: true,
      intervalMs: 1_000,
      leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 },
      policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
      digestKey: null,
    },
    limits: {
      ...{ deadlineMs: 2_000, cacheMaxAgeMs: 0, staleIfErrorMs: 86_400_000, staleIfUnauthenticatedMs: 3_600_000 },
      cache: { maxRevisions: 100, maxBytes: 1_000_000 },
    },
    random: { next: () => 0 },
    interfere: () => null,
    isPreempted: () => false,
    tornMs: () => 0,
    hints: () => 1,
    onEvent: (manager: string, event: TimedEvent) => {
      if (event.type === 'plugin.warning') warnings.push(`${manager}: ${event.message}`);
    },
    onLeaderChange: () => undefined,
    onStart: () => undefined,
    onDeath: () => undefined,
    onRoll: () => undefined,
    onAnswer: () => undefined,
    onLedger: (manager) => writers.push(manager),
    onLedgerNotWritten: () => undefined,
  });
  cluster.manager(EARLIER).format = earlierFormat;
  provider.write('db', 'value 1');
  const db = swarm.addSecret('db', { vault_path: 'db' });
  const [earlier, present] = [cluster.start(EARLIER), cluster.start(PRESENT)];
  await clock.advance(5_000);
  const web = swarm.addService('web', 2, [db]);
  await clock.advance(20_000);
  return {
    ...{ clock, provider, swarm, cluster, earlier, present, web, warnings },
    held: () => swarm.runningTasks(web).map(({ held }) => held.get('db')?.text),
    format: () => /"format":(\d)/.exec(swarm.ledgerText)?.[1],
    /** Who wrote the ledger since it was last asked. */
    writers: () => [...new Set(writers.splice(0))],
    lead: async (manager: string) => {
      cluster.setLeader(manager);
      await clock.advance(10_000);
    },
  };
}

test('while an earlier version leads, a manager with a later one writes nothing that it could not read', async () => {
  const { clock, provider, swarm, present, held, format, writers } = await twoVersions();
  provider.write('db', 'value 2');
  await clock.advance(30_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  const asking = present.rotation.rotate({ kind: 'service', name: 'web' }, { signal }).catch(({ message }) => message);
  await clock.advance(20_000);
  expect(await asking).toMatch(/^an earlier version of the plugin leads; ask the leader's/);
  expect([writers(), format(), swarm.updates]).toEqual([[EARLIER], '1', ['web@1']]);
  expect(present.rotation.status().problems).toEqual([]);
});

test('a later version that starts to lead goes on with the ledger and restarts nothing, in the middle of a rollout too', async () => {
  const { clock, provider, swarm, held, format, lead, writers, web } = await twoVersions();
  const before = swarm.runningTasks(web).map(({ id }) => id);
  await lead(PRESENT);
  expect(swarm.runningTasks(web).map(({ id }) => id)).toEqual(before);
  await lead(EARLIER);
  provider.write('db', 'value 2');
  for (let steps = 0; swarm.updates.length === 0 && steps < 1_000; steps++) await clock.advance(10);
  expect(swarm.ledgerText).toMatch(/^\{"format":1,.*"rollout"/);
  await lead(PRESENT);
  await clock.advance(30_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(swarm.updates).toEqual(['web@1']);
  provider.write('db', 'value 3');
  await clock.advance(30_000);
  expect(held()).toEqual(['value 3', 'value 3']);
  expect([swarm.updates, format(), writers()]).toEqual([['web@1', 'web@2'], '5', [EARLIER, PRESENT]]);
});

test('an earlier version that leads again serves, leaves the later one’s ledger as it is, and says so', async () => {
  const { clock, provider, swarm, earlier, held, lead, web, warnings, writers } = await twoVersions();
  await lead(PRESENT);
  provider.write('db', 'value 2');
  await clock.advance(30_000);
  await lead(EARLIER);
  writers();
  const ledger = swarm.ledgerText;
  provider.write('db', 'value 3');
  await clock.advance(30_000);
  expect(held()).toEqual(['value 2', 'value 2']);

  swarm.loseTask(web, true);
  await clock.advance(30_000);
  expect(held().sort()).toEqual(['value 2', 'value 3']);
  const asking = earlier.rotation.rotate({ kind: 'service', name: 'web' }, { signal }).catch(({ message }) => message);
  await clock.advance(20_000);
  expect(await asking).toMatch(/^a later version of the plugin wrote the ledger/);
  expect([swarm.updates, swarm.ledgerText, writers()]).toEqual([['web@1'], ledger, []]);
  expect(earlier.rotation.status().problems.map(({ summary }) => summary)).toEqual([
    'The ledger is of a later version',
  ]);
  expect(warnings).toEqual([
    expect.stringMatching(/^earlier: a later version .*; update the plugin on this manager\./),
  ]);

  await lead(PRESENT);
  await clock.advance(30_000);
  expect(held()).toEqual(['value 3', 'value 3']);
  expect(swarm.updates).toEqual(['web@1', 'web@2']);
});

test('an earlier version that was started on a later one’s ledger answers at once', async () => {
  const { clock, provider, cluster, lead, held, swarm, web } = await twoVersions();
  await lead(PRESENT);
  provider.write('db', 'value 2');
  await clock.advance(30_000);
  cluster.start(EARLIER);
  await lead(EARLIER);
  swarm.loseTask(web, true);
  await clock.advance(30_000);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(swarm.updates).toEqual(['web@1']);
});
