import type { DeliveryLimits } from '@vault-swarm/delivery';
import type { Digest, Random } from '@vault-swarm/kernel';
import type { AccessGuard, CallOptions, LabelReader, TimedEvent } from '@vault-swarm/provider';
import type { Role, RotationSettings, WorkloadSecret, WorkloadSnapshot, WriteOutcome } from '@vault-swarm/rotation';
import type { SimulatedClock } from '../simulated-clock.ts';
import type { SimulatedProvider } from '../simulated-provider.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { SimulatedSwarm, SwarmCopy } from '../swarm/simulated-swarm.ts';
import type { HeldSecret, SimulatedTask } from '../swarm/task.ts';
import type { Interfere, PortFault, PortName } from './fault-injector.ts';
import { type ManagerPorts, PluginProcess } from './plugin-process.ts';

/** One of the Swarm's managers. */
export interface Manager {
  readonly name: string;
  process: PluginProcess | null;
  /** How far its wall clock is ahead, in milliseconds. */
  clockOffsetMs: number;
  /** Whether it reaches no other manager. */
  isPartitioned: boolean;
  /** While set, what it believes of its part, whatever is true. */
  believes: Role | null;
  /** While set, what it sees of the Swarm, whatever is true. */
  sees: SwarmCopy | null;
  /** How its version of the plugin writes the ledger, where that is another one. */
  format: LedgerFormat | null;
}

/** Another version's ledger: what it writes for a text of ours, and what one in the Swarm is to it, said by one of ours. */
export interface LedgerFormat {
  written(text: string): string;
  read(text: string): string;
}

/** A roll as it arrives at the Swarm. */
export interface AttemptedRoll {
  readonly manager: string;
  readonly serviceId: string;
  readonly version: number;
  readonly generation: number;
  /** How long ago it left the plugin, in milliseconds. */
  readonly underWayMs: number;
  /** The service as it was just before; `undefined` where there was none. */
  readonly before: Pick<SimulatedService, 'spec' | 'status' | 'update'> | undefined;
}

/** What a cluster is made of, and what is called when something happens in it. */
export interface ClusterOptions {
  readonly managers: readonly string[];
  readonly clock: SimulatedClock;
  readonly provider: SimulatedProvider;
  readonly swarm: SimulatedSwarm;
  readonly labels: LabelReader;
  /** The access policy of all managers. */
  readonly access: AccessGuard;
  readonly settings: RotationSettings;
  readonly limits: DeliveryLimits;
  readonly random: Random;
  readonly interfere: Interfere;
  /** Whether somebody else is quicker with a write that arrives now. */
  readonly isPreempted: () => boolean;
  /** How long a process does other work where a pass lets it, in milliseconds; 0 if not given. */
  readonly sliceGapMs?: () => number;
  /** How much later than the services their tasks are listed, in milliseconds. */
  readonly tornMs: () => number;
  /** How many of the hints of the Swarm reach a process: how often each does. */
  readonly hints: () => number;
  readonly onEvent: (manager: string, event: TimedEvent) => void;
  /** Called before another leads. */
  readonly onLeaderChange: () => void;
  readonly onStart: (manager: string) => void;
  readonly onDeath: (manager: string) => void;
  readonly onRoll: (roll: AttemptedRoll, outcome: WriteOutcome) => void;
  readonly onAnswer: (answer: DriverAnswer) => void;
  /** The ledger was written. */
  readonly onLedger: (manager: string, text: string) => void;
  /** A write of the ledger was rejected, or its outcome is unknown to the manager's plugin. */
  readonly onLedgerNotWritten: (manager: string) => void;
}

/** What the driver answered to the Swarm for a task. */
export interface DriverAnswer {
  readonly manager: string;
  readonly task: SimulatedTask;
  readonly secret: WorkloadSecret;
  readonly given: HeldSecret | null;
  readonly tookMs: number;
}

/** A driver that can't be reached is tried again after these times, in milliseconds. */
const DRIVER_RETRIES_MS = [1_000, 2_000, 4_000, 8_000];

/** Managers with their plugins: who leads, who sees what, and who is asked for secrets. */
export class Cluster {
  readonly managers: ReadonlyMap<string, Manager>;
  readonly #options: ClusterOptions;
  #leader: string | null;
  #leaderIsThere = Promise.withResolvers<void>();
  #keys = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.managers = new Map(options.managers.map((name) => [name, newManager(name)]));
    this.#leader = options.managers[0] ?? null;
  }

  /** Who leads by Raft; `null` while one is being elected. */
  get leader(): string | null {
    return this.#leader;
  }

  /** Another manager leads from now on, or none for a while. The secrets of all tasks are asked for again. */
  setLeader(name: string | null): void {
    this.#options.onLeaderChange();
    this.#leader = name;
    if (name === null) {
      this.#leaderIsThere = Promise.withResolvers();
      return;
    }
    this.#leaderIsThere.resolve();
    this.#options.swarm.askAgain();
  }

  manager(name: string): Manager {
    const found = this.managers.get(name);
    if (found === undefined) throw new Error(`there is no manager ${name}`);
    return found;
  }

  /** Starts the plugin of a manager as a new process would: it knows nothing but what its ports tell. */
  start(name: string): PluginProcess {
    const manager = this.manager(name);
    const { clock, settings, limits, labels, access, provider, random, onEvent, onStart, onDeath } = this.#options;
    manager.process?.kill();
    manager.process = new PluginProcess({
      ...{ manager: name, clock, settings, limits, labels, access, random },
      clockOffsetMs: () => manager.clockOffsetMs,
      sliceGapMs: this.#options.sliceGapMs ?? (() => 0),
      provider: provider.instance,
      orchestrator: this.#seenBy(manager),
      digest: { digest, generateKey: () => `key-${this.#keys++}` } satisfies Digest,
      interfere: (_, port) => this.#faultOf(manager, port),
      onEvent: (event) => onEvent(name, event),
      onLedgerNotWritten: () => this.#options.onLedgerNotWritten(name),
      onDeath: () => {
        manager.process = null;
        onDeath(name);
      },
    });
    manager.process.start();
    onStart(name);
    return manager.process;
  }

  /** Asks the driver on the leader's machine for a secret of a task, as Swarm does. */
  async ask(task: SimulatedTask, secret: WorkloadSecret): Promise<HeldSecret | null> {
    const { clock, onAnswer } = this.#options;
    for (let attempt = 0; ; attempt++) {
      if (this.#leader === null) await this.#leaderIsThere.promise;
      const manager = this.#leader;
      const asked = manager === null ? null : this.manager(manager).process;
      if (manager !== null && asked !== null) {
        const startedAtMs = clock.monotonic();
        const { name: secretName, labels } = secret;
        const { serviceId, serviceName, id: taskId } = task;
        const answer = await asked.get({ secretName, labels, serviceId, serviceName, taskId });
        // Killed meanwhile: the next process is sent an empty request, which it refuses.
        if (answer === null) return null;
        const text = answer.kind === 'value' ? new TextDecoder().decode(answer.value.reveal()) : '';
        const given = answer.kind === 'value' ? { text, revision: answer.revision } : null;
        onAnswer({ manager, task, secret, given, tookMs: clock.monotonic() - startedAtMs });
        return given;
      }
      const pauseMs = DRIVER_RETRIES_MS[attempt];
      if (pauseMs === undefined) return null;
      await clock.sleep(pauseMs);
    }
  }

  #faultOf(manager: Manager, port: PortName): PortFault | null {
    const isDocker = !port.startsWith('provider.');
    const isWrite = port === 'roll' || port === 'ledger.write' || port === 'leases.write';
    const isCutOff = manager.isPartitioned || this.#leader === null;
    const seesAll = !isWrite && manager.sees !== null;
    if (isDocker && isCutOff && !seesAll && !(port === 'role' && manager.believes !== null)) {
      return this.#options.random.next() < 0.5 ? { hangs: true } : { beforeMs: 500, fails: 'not-applied' };
    }
    return this.#options.interfere(manager.name, port);
  }

  #seenBy(manager: Manager): ManagerPorts {
    const { clock, swarm, isPreempted, tornMs, onRoll, onLedger } = this.#options;
    return {
      displayName: swarm.displayName,
      ...(swarm.advice === undefined ? {} : { advice: swarm.advice }),
      observe: async (options) => {
        if (manager.sees !== null) return manager.sees.snapshot;
        const snapshot = await swarm.observe(options);
        const delayMs = tornMs();
        if (delayMs === 0) return snapshot;
        await clock.sleep(delayMs);
        return withTasksOf(snapshot, await swarm.observe(options));
      },
      findTask: (id, options) => swarm.findTask(id, options),
      failures: (id, options) => swarm.failures(id, options),
      roll: async (serviceId, version, generation, { sentAtMs, ...options }) => {
        const underWayMs = clock.monotonic() - sentAtMs;
        const service = swarm.services.find(({ id }) => id === serviceId);
        if (service !== undefined && isPreempted()) swarm.touch(serviceId);
        const before = service === undefined ? undefined : { ...service };
        const outcome = await swarm.roll(serviceId, version, generation, options);
        onRoll({ manager: manager.name, serviceId, version, generation, underWayMs, before }, outcome);
        return outcome;
      },
      role: async (options: CallOptions) => {
        if (manager.believes !== null) return manager.believes;
        const role = await swarm.role(options);
        return role === 'leader' && this.#leader !== manager.name ? 'standby' : role;
      },
      read: async (options) => {
        const record = await swarm.read(options);
        if (record?.kind !== 'text') return record;
        return { ...record, text: manager.format?.read(record.text) ?? record.text };
      },
      compareAndSet: async (version, ours, options) => {
        const text = manager.format?.written(ours) ?? ours;
        if (isPreempted()) swarm.touchLedger();
        const outcome = await swarm.compareAndSet(version, text, options);
        if (outcome === 'applied') onLedger(manager.name, text);
        return outcome;
      },
      leaseLedger: {
        read: async (options) => (manager.sees === null ? swarm.leaseLedger.read(options) : manager.sees.accounts),
        compareAndSet: (version, text, options) => swarm.leaseLedger.compareAndSet(version, text, options),
      },
      onChange: (listener) =>
        swarm.onChange(() => {
          if (manager.isPartitioned) return;
          for (let hints = this.#options.hints(); hints > 0; hints--) listener();
        }),
    };
  }
}

/** Services as the first snapshot has them, with the tasks that the second one has of them. */
function withTasksOf(first: WorkloadSnapshot, second: WorkloadSnapshot): WorkloadSnapshot {
  const tasksOf = (id: string) => second.services.find((service) => service.id === id)?.tasks ?? [];
  return { ...first, services: first.services.map((service) => ({ ...service, tasks: tasksOf(service.id) })) };
}

function newManager(name: string): Manager {
  return { name, process: null, clockOffsetMs: 0, isPartitioned: false, believes: null, sees: null, format: null };
}

/** Not a digest anyone should use: it only has to tell values and keys apart. */
function digest(key: string, bytes: Uint8Array): string {
  let hash = 7;
  for (let index = 0; index < key.length; index++) hash = (hash * 31 + key.charCodeAt(index)) % 2 ** 40;
  for (const byte of bytes) hash = (hash * 31 + byte) % 2 ** 40;
  return hash.toString(36).padStart(16, '0');
}
