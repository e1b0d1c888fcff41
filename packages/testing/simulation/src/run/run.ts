import { AccessGuard, ALLOW_ALL, type TimedEvent } from '@vault-swarm/provider';
import type { RotationSettings } from '@vault-swarm/rotation';
import { type LedgerDocument, parseLedger } from '@vault-swarm/rotation/ledger-format';
import { fails } from '../failing.ts';
import { Cluster, type Manager } from '../plugin/cluster.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import { faultsOf } from './faults.ts';
import { GroundTruth } from './ground-truth.ts';
import {
  ALWAYS,
  KINDS,
  type Kind,
  PROBE_KINDS,
  PROCESS_KINDS,
  REPLICA_KINDS,
  RESTART_KINDS,
  UPDATE_KINDS,
  WORLD_KINDS,
} from './kinds.ts';
import { Oracle } from './oracle.ts';
import type { RunContext } from './run-context.ts';

/** What a history is made from. */
export interface RunOptions {
  readonly seed: number;
  /** Exactly these kinds; else a random part of all. */
  readonly kinds?: readonly Kind[];
  /** Never these kinds: histories that are older than a kind are the same without it. */
  readonly without?: readonly Kind[];
  /** Whether every event of every plugin is a line too. */
  readonly reportsEvents?: boolean;
  /** Called for each violation during the run. */
  readonly onViolation?: (what: string) => void;
}

const STALE_IF_ERROR_MS = [86_400_000, 60_000];
const FEW_REVISIONS = 6;
/** How long the other work takes that a process does between two slices of a pass. */
const SLICE_GAPS_MS = [0, 1, 10, 100];

/** A world with several managers, and all that is known of what happened in it. */
export class Run implements RunContext {
  readonly random: SeededRandom;
  /** For what has to do with replicas: see {@link REPLICA_KINDS}. */
  readonly replicaRandom: SeededRandom;
  /** For the kinds of {@link WORLD_KINDS}. */
  readonly worldRandom: SeededRandom;
  /** For the kinds of {@link RESTART_KINDS}. */
  readonly restartRandom: SeededRandom;
  /** For the kinds of {@link UPDATE_KINDS}. */
  readonly updateRandom: SeededRandom;
  readonly kinds: ReadonlySet<Kind>;
  readonly clock = new SimulatedClock();
  readonly provider: SimulatedProvider;
  readonly swarm: SimulatedSwarm;
  readonly cluster: Cluster;
  readonly truth: GroundTruth;
  readonly oracle: Oracle;
  readonly settings: RotationSettings;
  readonly nodes: readonly string[];
  /** Whether there is room in the plugins' memory for all values. */
  readonly remembersAll: boolean;
  /** What happened, as readable lines. */
  readonly lines: string[] = [];
  /** What goes on for a while; ended by calling it. */
  readonly lasting = new Set<() => void>();
  /** Whether calls may go wrong. */
  isFaulty = false;
  /** Whether the provider is reached, and how long it takes, in milliseconds. */
  providerHangs = false;
  providerDelayMs = 0;
  /** How much later than the services an engine lists their tasks, in milliseconds. */
  tornMs = 0;
  #counter = 0;
  #ledgerText = '';
  #ledger: LedgerDocument | null = null;
  readonly #statuses = new Map<string, string>();
  readonly #startMs: number;
  readonly #reportsEvents: boolean;

  constructor({ seed, kinds, without = [], reportsEvents = false, onViolation }: RunOptions) {
    const random = new SeededRandom(seed);
    const { clock } = this;
    this.random = random;
    this.#startMs = clock.now();
    this.#reportsEvents = reportsEvents;
    const share = random.pick([0.15, 0.3, 0.6, 1]);
    const chosen = random.some(KINDS, share);
    const replicaRandom = new SeededRandom(seed + 0x1a9);
    this.replicaRandom = replicaRandom;
    const ofReplicas = replicaRandom.chance(0.5) ? replicaRandom.some(REPLICA_KINDS, 0.7) : [];
    const worldRandom = new SeededRandom(seed + 0x3017d);
    this.worldRandom = worldRandom;
    const ofWorld = worldRandom.chance(0.5) ? worldRandom.some(WORLD_KINDS, worldRandom.pick([0.3, 0.7])) : [];
    const updateRandom = new SeededRandom(seed + 0xde1a);
    this.updateRandom = updateRandom;
    const ofUpdates = updateRandom.chance(0.25) ? UPDATE_KINDS : [];
    const restartRandom = new SeededRandom(seed + 0x2e57);
    this.restartRandom = restartRandom;
    const ofRestarts = restartRandom.chance(0.1) ? restartRandom.some(RESTART_KINDS, 0.6) : [];
    const processRandom = new SeededRandom(seed + 0x51ce);
    const ofProcesses = processRandom.chance(0.1) ? PROCESS_KINDS : [];
    const ofProbes = new SeededRandom(seed + 0x9be5).chance(0.5) ? PROBE_KINDS : [];
    const drawn = [...chosen, ...ofReplicas, ...ofWorld, ...ofUpdates, ...ofRestarts, ...ofProcesses, ...ofProbes];
    const all = [...ALWAYS, ...(kinds ?? drawn)];
    this.kinds = new Set(all.filter((kind) => !without.includes(kind)));
    const managers = Array.from({ length: random.pick([1, 1, 2, 3, 3, 3, 5]) }, (_, index) => `m${index + 1}`);
    this.nodes = [...managers, 'w1'];
    this.provider = new SimulatedProvider(() => clock.now(), {
      keepsVersions: random.chance(0.8),
      hasProbe: random.chance(0.8),
      namesRevisions: this.kinds.has('names revisions'),
      tellsTime: random.chance(0.5),
      orders: replicaRandom.pick(['all', 'all', 'all', 'none', 'no replicas']),
    });
    this.settings = {
      enabled: true,
      intervalMs: managers.length > 2 ? 10_000 : random.pick([2_000, 10_000]),
      leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 },
      policy: {
        maxParallel: random.pick([1, 2, 5]),
        maxParallelLimit: new SeededRandom(seed + 0x3a3b).pick([1, 3, 50]),
        stuckAfterMs: random.pick([60_000, 600_000]),
        onFailure: random.chance(0.85) ? 'rollback' : 'pause',
      },
      digestKey: random.chance(0.3) ? 'given' : null,
      ...(this.kinds.has('sliced passes') ? { maxSliceMs: 0 } : {}),
    };
    this.swarm = new SimulatedSwarm(clock, {
      nodes: this.nodes,
      fails,
      onReplace: (service, task) => this.oracle.stopping(service, task),
      ask: (task, secret) => this.cluster.ask(task, secret),
      pace: {
        reactMs: random.pick([5, 50, 300]),
        bootMs: random.pick([50, 500, 3_000]),
        crashMs: random.pick([100, 1_000, 4_000]),
      },
    });
    this.truth = new GroundTruth(this);
    this.oracle = new Oracle(this, onViolation ?? (() => undefined));
    const faults = faultsOf(this, new SeededRandom(seed + 0x5eed));
    const cacheMaxAgeMs = random.pick([0, 2_000, 10_000]);
    const staleIfErrorMs = random.pick(STALE_IF_ERROR_MS);
    const limits = {
      ...{ deadlineMs: 2_000, cacheMaxAgeMs, staleIfErrorMs, staleIfUnauthenticatedMs: staleIfErrorMs },
      cache: { maxRevisions: random.pick([FEW_REVISIONS, 1_000]), maxBytes: 1_000_000 },
    };
    this.remembersAll = limits.cache.maxRevisions > FEW_REVISIONS;
    this.cluster = new Cluster({
      ...{ managers, clock, provider: this.provider, swarm: this.swarm, settings: this.settings },
      labels: simulatedLabels,
      access: new AccessGuard(ALLOW_ALL),
      limits,
      random: new SeededRandom(seed + 0x717e),
      ...faults,
      tornMs: () => this.tornMs,
      sliceGapMs: () => (this.kinds.has('sliced passes') ? processRandom.pick(SLICE_GAPS_MS) : 0),
      onEvent: (manager, event) => this.#happened(manager, event),
      onLeaderChange: () => this.oracle.leadership.changes(),
      onStart: () => this.oracle.leadsAnew(),
      onDeath: (manager) => this.oracle.died(manager),
      onRoll: (roll, outcome) => this.oracle.rolled(roll, outcome),
      onLedger: (manager, text) => this.oracle.ledgerWritten(manager, text),
      onLedgerNotWritten: (manager) => this.oracle.ledgerNotWritten(manager),
      onAnswer: (answer) => this.oracle.answered(answer),
    });
    this.swarm.onChange(() => {
      this.#reportStatuses();
      this.oracle.changed();
    });
    this.swarm.onRelabel = (id, before) => this.truth.relabelled(id, before);
    this.provider.onWrite = (path, text) => this.truth.wrote(path, text);
    const { policy, intervalMs } = this.settings;
    this.say(
      `managers ${managers.length}, interval ${intervalMs} ms, ${JSON.stringify(policy)}, ` +
        `provider ${JSON.stringify(this.provider.abilities)}, pace ${JSON.stringify(this.swarm.pace)}`,
    );
    this.say(`kinds: ${[...this.kinds].join(', ')}`);
  }

  get ledger(): LedgerDocument | null {
    const { ledgerText } = this.swarm;
    if (ledgerText !== this.#ledgerText) this.#ledger = parseLedger(ledgerText);
    this.#ledgerText = ledgerText;
    return this.#ledger;
  }

  /** Milliseconds since the history started. */
  get timeMs(): number {
    return this.clock.monotonic() - this.#startMs;
  }

  /** A number that no other thing in this history has. */
  count(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** Writes down what happens now. */
  say(line: string): void {
    this.lines.push(`${(this.timeMs / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  /** Does something, and undoes it later, or when all is to be healthy again. */
  lasts(durationMs: number, end: () => void): void {
    const once = () => {
      if (!this.lasting.delete(once)) return;
      end();
    };
    this.lasting.add(once);
    this.clock.after(durationMs, once);
  }

  /** The managers whose plugin runs. */
  get alive(): readonly Manager[] {
    return [...this.cluster.managers.values()].filter(({ process }) => process !== null);
  }

  /** The managers whose plugin does not run. */
  get dead(): readonly Manager[] {
    return [...this.cluster.managers.values()].filter(({ process }) => process === null);
  }

  #reportStatuses(): void {
    for (const { id, name, status } of this.swarm.services) {
      if (this.#statuses.get(id) === status.state) continue;
      this.#statuses.set(id, status.state);
      if (status.state !== 'none') this.say(`  Swarm: ${name} is ${status.state}`);
    }
  }

  #happened(manager: string, event: TimedEvent): void {
    if (this.#reportsEvents && event.type !== 'reconcile.completed') {
      const { type, atMs: _, ...rest } = event;
      this.say(`    ${manager} ${type} ${JSON.stringify(rest)}`);
    }
    this.oracle.heard(manager, event);
  }
}
