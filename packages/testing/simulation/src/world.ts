import { AccessGuard, ALLOW_ALL, type TimedEvent } from '@vault-swarm/provider';
import type { Rotation, RotationSettings } from '@vault-swarm/rotation';
import { fails } from './failing.ts';
import { Cluster } from './plugin/cluster.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { simulatedLabels } from './simulated-labels.ts';
import { SimulatedProvider } from './simulated-provider.ts';
import { SimulatedSwarm } from './swarm/simulated-swarm.ts';
import type { ServiceOptions } from './swarm/swarm-options.ts';
import type { HeldSecret } from './swarm/task.ts';

const MANAGER = 'manager-1';

/** The real rotation and delivery on one manager, in a world that is simulated: clock, Swarm and provider. */
export class World {
  readonly clock = new SimulatedClock();
  readonly provider = new SimulatedProvider(() => this.clock.now());
  readonly events: TimedEvent[] = [];
  readonly access = new AccessGuard(ALLOW_ALL);
  /** While set, no secret is delivered. */
  refuses = false;
  /** All jitter and all random ids. */
  readonly random = { next: () => 0 };
  readonly swarm: SimulatedSwarm;
  readonly settings: RotationSettings;
  readonly #cluster: Cluster;

  constructor(settings: Partial<RotationSettings> = {}) {
    this.settings = {
      enabled: true,
      intervalMs: 1_000,
      leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 },
      policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
      digestKey: null,
      ...settings,
    };
    const { clock, provider } = this;
    this.swarm = new SimulatedSwarm(clock, {
      fails,
      ask: async (task, secret) => (this.refuses ? null : this.#cluster.ask(task, secret)),
    });
    this.#cluster = new Cluster({
      ...{ clock, provider, swarm: this.swarm, settings: this.settings, labels: simulatedLabels, access: this.access },
      managers: [MANAGER],
      limits: {
        deadlineMs: 2_000,
        cacheMaxAgeMs: 0,
        staleIfErrorMs: 86_400_000,
        staleIfUnauthenticatedMs: 3_600_000,
        cache: { maxRevisions: 100, maxBytes: 1_000_000 },
      },
      random: this.random,
      interfere: () => null,
      isPreempted: () => false,
      tornMs: () => 0,
      hints: () => 1,
      onEvent: (_, event) => this.events.push(event),
      onLeaderChange: () => undefined,
      onStart: () => undefined,
      onDeath: () => undefined,
      onRoll: () => undefined,
      onAnswer: () => undefined,
      onLedger: () => undefined,
      onLedgerNotWritten: () => undefined,
    });
  }

  get rotation(): Rotation {
    const { process } = this.#cluster.manager(MANAGER);
    if (process === null) throw new Error('the plugin is not started');
    return process.rotation;
  }

  /**
   * Makes a service. While no plugin was ever started its tasks run at once with what the provider has: an earlier
   * plugin gave it to them.
   */
  addService(name: string, replicas: number, secretIds: readonly string[], options: ServiceOptions = {}): string {
    if (this.#cluster.manager(MANAGER).process !== null)
      return this.swarm.addService(name, replicas, secretIds, options);
    const held = new Map<string, HeldSecret>();
    for (const id of secretIds) {
      const secret = this.swarm.secret(id);
      if (secret === undefined) continue;
      const { ref } = simulatedLabels.read(secret.labels, secret.name, name);
      const { value, revision } = this.provider.read(ref, { signal: new AbortController().signal });
      held.set(secret.name, { text: new TextDecoder().decode(value.reveal()), revision });
    }
    return this.swarm.addService(name, replicas, secretIds, { ...options, held });
  }

  /** Starts the plugin as a new process would: it knows nothing but the ledger. */
  start(): void {
    this.#cluster.start(MANAGER);
  }

  /** Ends the process at once. What it was doing is not finished, and all that it knew is gone. */
  kill(): void {
    this.#cluster.manager(MANAGER).process?.kill();
  }

  /** Lets time pass while Swarm works. */
  async run(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs);
  }

  /** Lets time pass while Swarm does nothing, as if its orchestrator were held up. */
  async rest(durationMs: number): Promise<void> {
    this.swarm.holdUp();
    await this.clock.advance(durationMs);
    this.swarm.goOn();
  }

  /** Lets time pass until the condition holds, for a minute at most. */
  async until(condition: () => boolean): Promise<void> {
    for (let steps = 0; !condition(); steps++) {
      if (steps > 6_000) throw new Error('the condition does not come to hold');
      await this.clock.advance(10);
    }
  }

  /** The revisions of a secret that the running tasks of a service hold. */
  held(serviceId: string, secret: string): readonly (string | undefined)[] {
    return this.swarm.runningTasks(serviceId).map(({ held }) => held.get(secret)?.revision);
  }

  /** The values themselves. */
  heldText(serviceId: string, secret: string): readonly (string | undefined)[] {
    return this.swarm.runningTasks(serviceId).map(({ held }) => held.get(secret)?.text);
  }

  /** How many events of a type there were so far. */
  count(type: TimedEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }
}
