import { AccessGuard, ALLOW_ALL, type TimedEvent } from '@vault-swarm/provider';
import { fails } from '../failing.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import { Cluster } from './cluster.ts';

/** The managers of {@link threeManagers}. The first leads. */
export const [ONE, TWO, THREE] = ['one', 'two', 'three'];

/** Three managers with a plugin each, and a service of two tasks. */
export async function threeManagers(intervalMs: number) {
  const clock = new SimulatedClock();
  const provider = new SimulatedProvider(() => clock.now());
  const events: { readonly manager: string; readonly event: TimedEvent }[] = [];
  /** Who wrote the ledger, one entry for each write. */
  const writers: string[] = [];
  const swarm = new SimulatedSwarm(clock, { fails, ask: (task, secret) => cluster.ask(task, secret) });
  const cluster: Cluster = new Cluster({
    ...{
      clock,
      provider,
      swarm,
      labels: simulatedLabels,
      access: new AccessGuard(ALLOW_ALL),
      managers: [ONE, TWO, THREE],
    },
    settings: {
      ...{ enabled: true, intervalMs, digestKey: null },
      leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 },
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
    onEvent: (manager, event) => events.push({ manager, event }),
    onLeaderChange: () => undefined,
    onStart: () => undefined,
    onDeath: () => undefined,
    onRoll: () => undefined,
    onAnswer: () => undefined,
    onLedgerNotWritten: () => undefined,
    onLedger: (manager) => {
      writers.push(manager);
      swarm.reportLedgerWrite();
    },
  });
  provider.write('db', 'value 1');
  const db = swarm.addSecret('db', { vault_path: 'db' });
  for (const name of [ONE, TWO, THREE]) cluster.start(name);
  await clock.advance(5_000);
  const web = swarm.addService('web', 2, [db]);
  await clock.advance(20_000);
  return {
    ...{ clock, provider, swarm, cluster, web, events, writers },
    processOf: (name: string) => cluster.manager(name).process ?? fail(`${name} is not started`),
    held: () => swarm.runningTasks(web).map(({ held }) => held.get('db')?.text),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
