import { ProviderError } from '@vault-swarm/provider';
import type { Cluster } from '../plugin/cluster.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { SimulatedClock } from '../simulated-clock.ts';
import type { LeaseOperation } from '../simulated-leases.ts';
import type { SimulatedProvider } from '../simulated-provider.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import type { LeaseOracle } from './lease-oracle.ts';
import type { LeaseSettings } from './lease-rules.ts';

/** What actions act on. */
export interface LeaseScene {
  readonly random: SeededRandom;
  readonly clock: SimulatedClock;
  readonly settings: LeaseSettings;
  readonly provider: SimulatedProvider;
  readonly swarm: SimulatedSwarm;
  readonly cluster: Cluster;
  readonly oracle: LeaseOracle;
  readonly addService: () => string;
  /** Starts the plugin of a manager some seconds later. */
  readonly restartLater: (manager: string) => void;
}

/** Does something, and says what; `null` if it can't be done now. */
type LeaseAction = (scene: LeaseScene) => string | null;

const MAX_SERVICES = 3;
const JUMPS_MS = [-3_600_000, -120_000, -5_000, 5_000, 120_000, 3_600_000];

const LEASE_ACTIONS: readonly LeaseAction[] = [
  () => 'nothing',
  () => 'nothing',
  ({ swarm, addService }) => (swarm.services.length < MAX_SERVICES ? addService() : null),
  kill,
  kill,
  changeLeader,
  partition,
  twoLeaders,
  outage,
  refusal,
  badCredentials,
  operatorEnds,
  clockJump,
  ({ swarm }) => {
    swarm.askAgain();
    return 'all tasks ask again';
  },
  ofService('forces', ({ swarm }, { id }) => swarm.forceUpdate(id)),
  ofService('deploys', ({ swarm }, { id }) => swarm.changeSpec(id)),
  ofService('scales', ({ swarm, random }, { id }) => swarm.post(id, { replicas: random.between(0, 4) })),
  ofService('restarts the tasks of', ({ swarm }, { id }) => swarm.loseTask(id, true)),
  ofService('deploys a broken image to', breakImage),
  ofService('restarts, without room for new tasks,', startLater),
  (scene) =>
    scene.random.chance(0.5) ? ofService('removes', ({ swarm }, { id }) => swarm.removeService(id))(scene) : null,
  ({ swarm, random }) => {
    const service = random.pick(swarm.services);
    return service !== undefined && swarm.rollBack(service.id) ? `the user rolls ${service.name} back` : null;
  },
  forceOften,
];

/** Does one of all actions. */
export function actOnLeases(scene: LeaseScene): string | null {
  return scene.random.pick(LEASE_ACTIONS)(scene);
}

function ofService(what: string, act: (scene: LeaseScene, service: Readonly<SimulatedService>) => void): LeaseAction {
  return (scene) => {
    const service = scene.random.pick(scene.swarm.services);
    if (service === undefined) return null;
    act(scene, service);
    return `the user ${what} ${service.name}`;
  };
}

function kill({ random, settings, cluster, restartLater }: LeaseScene): string | null {
  const manager = random.pick(settings.managers);
  const { process } = cluster.manager(manager);
  if (process === null) return null;
  process.kill();
  restartLater(manager);
  return `${manager} is killed`;
}

function changeLeader({ random, settings, cluster, clock }: LeaseScene): string | null {
  const reached = settings.managers.filter((name) => !cluster.manager(name).isPartitioned);
  const next = random.pick(reached);
  if (next === undefined || next === cluster.leader || cluster.leader === null) return null;
  cluster.setLeader(null);
  clock.after(random.between(1_000, 12_000), () => cluster.setLeader(next));
  return `${next} will lead`;
}

/** The leader reaches no other manager, and another one is elected. It may believe that it leads, and see what was. */
function partition(scene: LeaseScene): string | null {
  const { random, settings, cluster, clock, swarm } = scene;
  const { leader } = cluster;
  if (leader === null || settings.managers.length < 3) return null;
  const manager = cluster.manager(leader);
  manager.isPartitioned = true;
  if (random.chance(0.5)) manager.believes = 'leader';
  if (random.chance(0.5)) manager.sees = swarm.copy();
  changeLeader(scene);
  clock.after(random.between(2_000, 90_000), () => {
    manager.isPartitioned = false;
    manager.believes = null;
    manager.sees = null;
  });
  return `${leader} is cut off`;
}

function twoLeaders({ random, settings, cluster, clock }: LeaseScene): string | null {
  const manager = cluster.manager(random.pick(settings.managers));
  if (manager.name === cluster.leader || manager.believes !== null) return null;
  manager.believes = 'leader';
  clock.after(random.between(1_000, 20_000), () => {
    manager.believes = null;
  });
  return `${manager.name} believes that it leads`;
}

/** Often less than a third of the time of a lease, and sometimes more. */
function outage({ random, provider, clock }: LeaseScene): string | null {
  if (provider.outage !== null) return null;
  provider.outage = new ProviderError('UNAVAILABLE', 'the provider is away');
  const forMs = random.chance(0.8) ? random.between(1_000, 80_000) : random.between(80_000, 400_000);
  clock.after(forMs, () => {
    provider.outage = null;
  });
  return `the provider is away for ${forMs} ms`;
}

/** One operation is refused for a while. */
function refusal({ random, provider: { leases }, clock }: LeaseScene): string {
  const refused = random.pick<LeaseOperation>(['issue', 'renew', 'revoke', 'revoke', 'hold']);
  const error = new ProviderError(
    refused === 'hold' ? 'UNAVAILABLE' : random.pick(['ACCESS_DENIED', 'UNAVAILABLE']),
    `no ${refused} now`,
  );
  leases.refuses = (operation) => (operation === refused ? error : null);
  const forMs = random.between(1_000, 80_000);
  clock.after(forMs, () => {
    leases.refuses = () => null;
  });
  return `${refused} is refused for ${forMs} ms: ${error.code}`;
}

/** The engine issues what the database does not accept. */
function badCredentials({ random, provider: { leases }, clock }: LeaseScene): string | null {
  if (leases.issuesBad) return null;
  leases.issuesBad = true;
  const forMs = random.between(1_000, 60_000);
  clock.after(forMs, () => {
    leases.issuesBad = false;
  });
  return `what is issued does not work for ${forMs} ms`;
}

function operatorEnds({ random, provider: { leases }, oracle }: LeaseScene): string | null {
  const lease = random.pick(leases.valid);
  if (lease === undefined) return null;
  if (lease.holder === null || random.chance(0.5)) {
    leases.end(lease.id);
    oracle.endedByOperator([lease.id]);
    return `an operator revokes ${lease.id}`;
  }
  const { holder } = lease;
  oracle.endedByOperator(leases.valid.filter((one) => one.holder === holder).map(({ id }) => id));
  leases.living.delete(holder);
  return `an operator revokes the holder ${holder}`;
}

function clockJump({ random, settings, cluster, clock }: LeaseScene): string | null {
  const manager = cluster.manager(random.pick(settings.managers));
  if (manager.clockOffsetMs !== 0) return null;
  const byMs = random.pick(JUMPS_MS);
  manager.clockOffsetMs = byMs;
  clock.after(random.between(5_000, 200_000), () => {
    manager.clockOffsetMs = 0;
  });
  return `the clock of ${manager.name} is ${byMs} ms ahead`;
}

/** It is repaired after a while, unless the service was rolled back meanwhile. */
function breakImage({ random, swarm, clock }: LeaseScene, { id }: Readonly<SimulatedService>): void {
  swarm.post(id, { image: 'broken' });
  clock.after(random.between(5_000, 60_000), () => {
    const service = swarm.services.find((one) => one.id === id);
    if (service !== undefined) swarm.post(id, { image: 'good' });
  });
}

/** New tasks find no node for a while, and the old ones go on. */
function startLater({ random, swarm, clock }: LeaseScene, { id }: Readonly<SimulatedService>): void {
  swarm.setStartFault(id, { kind: 'pending', reason: 'no suitable node (insufficient resources on 1 node)' });
  swarm.post(id, { update: { order: 'start-first' } });
  swarm.forceUpdate(id);
  clock.after(random.between(20_000, 100_000), () => {
    if (swarm.services.some((one) => one.id === id)) swarm.setStartFault(id, null);
  });
}

/** A user restarts a service several times, each time as soon as its tasks run. */
function forceOften({ random, swarm, clock }: LeaseScene): string | null {
  const service = random.pick(swarm.services);
  if (service === undefined) return null;
  for (let count = 0; count < 5; count++) {
    clock.after(count * 3_000, () => {
      if (swarm.services.some(({ id }) => id === service.id)) swarm.forceUpdate(service.id);
    });
  }
  return `the user forces ${service.name} five times`;
}
