import { Delivery } from '@vault-swarm/delivery';
import { type Clock, EventBus, errorMessage, Listeners, quoted, type Random } from '@vault-swarm/kernel';
import {
  LabelReader,
  type Labels,
  type Problem,
  type ProductEvent,
  type ProviderDefinition,
  type ProviderInstance,
  type SecretValue,
} from '@vault-swarm/provider';
import { type Orchestrator, Rotation, type WorkloadSecret } from '@vault-swarm/rotation';
import { type RotatorEvents, rotatorEvent, secretName } from './events.ts';
import { type GroupOptions, groupLimits } from './group-options.ts';
import { memoryLedger } from './ledger/memory-ledger.ts';
import type { RotatorLedger } from './ledger/rotator-ledger.ts';
import { systemClock, systemDigest, systemRandom } from './platform.ts';
import { type RotatorLimits, type RotatorOptions, rotatorLimits } from './rotator-options.ts';
import { rotatorAdvice, rotatorWords } from './rotator-words.ts';
import { WorkerGroup } from './worker-group.ts';

interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: RotatorLedger;
  readonly events: EventBus<ProductEvent>;
  /** By name. */
  readonly instances: ReadonlyMap<string, ProviderInstance>;
}

interface RunningGroup {
  readonly group: WorkerGroup<unknown, string>;
  readonly secrets: readonly WorkloadSecret[];
}

const CACHE = { maxRevisions: 10_000, maxBytes: 64 * 1024 * 1024 };

/** A group of a {@link Rotator}. */
export interface Group<Worker> {
  readonly name: string;
  /** The running workers, by their number. During a rollout some have old and some have new secrets. */
  readonly workers: readonly Worker[];
  /** As {@link Rotator.settled}. */
  settled(options?: SettledOptions): Promise<void>;
}

/** How long to wait. */
export interface SettledOptions {
  readonly signal?: AbortSignal;
}

/**
 * Keeps groups of workers in this process on the current values of their secrets. It polls the providers, replaces the
 * workers of a group one after the other when a value changes, and gives them the last good values again if a new
 * worker fails.
 *
 * @example
 * const rotator = await Rotator.open({ providers: [vault({ address, token })] });
 * const pools = rotator.group('pools', {
 *   size: 50,
 *   secrets: { password: { vault_path: 'shop/db', vault_field: 'password' } },
 *   start: ({ secrets }) => openPool(secrets.password.revealText()),
 *   stop: (pool) => pool.end(),
 * });
 * await pools.settled();
 */
export class Rotator {
  readonly #ports: Ports;
  readonly #labels: LabelReader;
  readonly #listeners: { readonly [K in keyof RotatorEvents]: Listeners<[RotatorEvents[K]]> };
  readonly #delivery: Delivery;
  readonly #rotation: Rotation;
  readonly #groups = new Map<string, RunningGroup>();
  readonly #changes: Listeners;
  #isClosed = false;

  /**
   * Opens the ledger, loads the providers, and starts to poll.
   *
   * @throws {TypeError} names the option that is wrong, and what is allowed.
   * @throws {Error} if the ledger or a provider's library can't be opened.
   */
  static async open(options: RotatorOptions): Promise<Rotator> {
    const { providers, clock = systemClock, random = systemRandom, ledger = memoryLedger() } = options;
    const limits = rotatorLimits(options);
    const events = new EventBus<ProductEvent>(clock);
    await ledger.open();
    const instances = new Map<string, ProviderInstance>();
    try {
      const key = systemDigest.generateKey();
      const digest = (bytes: Uint8Array) => systemDigest.digest(key, bytes);
      for (const { name, load } of providers) {
        instances.set(name, await load({ name, clock, random, digest, events, ownFiles: [] }));
      }
      return new Rotator(providers, limits, { clock, random, ledger, events, instances });
    } catch (error) {
      await closeAll(instances);
      await ledger.close();
      throw error;
    }
  }

  private constructor(providers: readonly ProviderDefinition[], limits: RotatorLimits, ports: Ports) {
    const { clock, random, ledger, events, instances } = ports;
    this.#ports = ports;
    this.#changes = new Listeners(events);
    this.#listeners = {
      rotated: new Listeners(events),
      'rolled-back': new Listeners(events),
      failed: new Listeners(events),
    };
    events.subscribe((event) => this.#forward(event), 'the rotator');
    const schemes = providers.map(({ name, labels }) => ({ name, scheme: labels }));
    this.#labels = new LabelReader(schemes, [], 'a rotator does not decrypt', { isExclusive: true });
    const findProvider = async (name: string) => {
      const found = instances.get(name);
      if (found === undefined) throw new Error(`no provider is named ${quoted(name)}`);
      return found;
    };
    this.#delivery = new Delivery({
      labels: this.#labels,
      findProvider,
      clock,
      events,
      record: (delivered) => this.#rotation.record(delivered),
      choice: { choose: (request) => this.#rotation.choose(request) },
      leased: { deliver: (request) => this.#rotation.deliver(request) },
      limits: { ...limits.delivery, cache: CACHE },
    });
    this.#rotation = new Rotation(
      // The ports are this package's own, and tested.
      { enabled: true, intervalMs: limits.intervalMs, policy: limits.policy, digestKey: null, checksWiring: false },
      {
        orchestrator: this.#orchestrator(),
        changes: { onChange: (listener) => this.#changes.add('the rotation', listener) },
        leadership: { role: async () => 'leader' },
        ledger,
        // A group is no path: the labels of a secret say where it is.
        labels: { read: (labels, name) => this.#labels.read(labels, name, undefined) },
        providers: [...instances.keys()],
        findProvider,
        values: this.#delivery,
        digest: systemDigest,
        clock,
        random,
        events,
      },
    );
    this.#rotation.start();
  }

  /**
   * Starts a group of workers. The name identifies it in events and in the ledger, so keep it the same after a restart.
   *
   * @throws {TypeError} if an option or a label is wrong. The message says what to change.
   */
  group<Worker, Name extends string>(name: string, options: GroupOptions<Worker, Name>): Group<Worker> {
    if (this.#isClosed) throw new TypeError('the rotator is closed');
    if (name === '' || this.#groups.has(name)) {
      throw new TypeError(`a group must have its own name, and ${quoted(name)} is ${name === '' ? 'empty' : 'in use'}`);
    }
    const limits = groupLimits(options);
    const secrets = this.#secretsOf(name, options.secrets);
    const { clock, random, ledger } = this.#ports;
    const group = new WorkerGroup(name, options, limits, {
      clock,
      random,
      generation: ledger.generation(name),
      saveGeneration: (generation) => ledger.setGeneration(name, generation),
      deliver: (secret, taskId) => this.#deliver(name, secret, options.secrets[secret as Name], taskId),
      onChange: () => this.#changes.notify(),
      onWorkerFailed: (message) => this.#listeners.failed.notify({ group: name, message }),
    });
    this.#groups.set(name, { group, secrets });
    group.start();
    return {
      name,
      get workers() {
        return group.workers;
      },
      settled: (settledOptions) => this.settled(name, settledOptions),
    };
  }

  /**
   * Calls `listener` for each event, until the returned function is called. A listener that throws does no harm: its
   * first error is reported as `failed`.
   */
  on<K extends keyof RotatorEvents>(event: K, listener: (event: RotatorEvents[K]) => void): () => void {
    return this.#listeners[event].add(`a listener of ${event}`, listener);
  }

  /**
   * Polls the providers, and resolves once all workers of the group run with the values found, or with the last good
   * ones if new ones failed. Rejects if `signal` is aborted, with what the group waits for as the message.
   */
  async settled(name: string, { signal = new AbortController().signal }: SettledOptions = {}): Promise<void> {
    if (!this.#groups.has(name)) throw new TypeError(`there is no group ${quoted(name)}`);
    await this.#rotation.preview({ kind: 'due' }, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const sinceMs = this.#ports.clock.now();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      if (this.#isSettled(name, sinceMs)) resolve();
      else if (this.#isClosed) reject(new Error('the rotator is closed'));
      else if (signal.aborted) reject(new Error(`${quoted(name)} ${this.#waitingFor(name)}`, { cause: signal.reason }));
    };
    const unsubscribe = [this.#changes.add('settled', check), this.#ports.events.subscribe(check, 'settled')];
    signal.addEventListener('abort', check, { once: true });
    check();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', check);
      for (const end of unsubscribe) end();
    }
  }

  /**
   * Tries all quarantined values again, as after you fixed what made the workers fail. Resolves once the ledger has the
   * request. If the workers fail again, the values are quarantined again.
   */
  async retryQuarantined({ signal = new AbortController().signal }: SettledOptions = {}): Promise<void> {
    if (this.#isClosed) throw new TypeError('the rotator is closed');
    await this.#rotation.rotate({ kind: 'quarantined' }, { signal });
  }

  /** What needs attention now, such as a provider that does not answer. */
  get problems(): readonly Problem[] {
    return this.#rotation.status().problems;
  }

  /** Stops all workers and all background work. Calling it again has no effect. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#rotation.stop();
    await Promise.all([...this.#groups.values()].map(({ group }) => group.close()));
    this.#changes.notify();
    this.#delivery.close();
    await closeAll(this.#ports.instances);
    await this.#ports.ledger.close();
  }

  /** The groups, as the rotation sees them. */
  #orchestrator(): Orchestrator {
    const groups = this.#groups;
    const found = (id: string) => groups.get(id)?.group;
    return {
      displayName: 'the rotator',
      words: rotatorWords,
      advice: rotatorAdvice,
      async observe() {
        const all = [...groups.values()];
        return {
          secrets: all.flatMap(({ secrets }) => secrets),
          services: all.map(({ group, secrets }) => group.workload(secrets.map(({ id }) => id))),
        };
      },
      async findTask(taskId) {
        for (const { group } of groups.values()) {
          const task = group.findTask(taskId);
          if (task !== null) return task;
        }
        return null;
      },
      failures: async (id) => found(id)?.failures ?? [],
      roll: async (id, version, generation) => found(id)?.roll(version, generation) ?? 'conflict',
    };
  }

  #secretsOf(group: string, secrets: Readonly<Record<string, Labels>>): readonly WorkloadSecret[] {
    const entries = Object.entries(secrets);
    if (entries.length === 0) throw new TypeError(`group ${quoted(group)}: secrets must name at least one secret`);
    return entries.map(([name, labels]) => {
      const id = secretName(group, name);
      try {
        this.#labels.read(labels, id, undefined);
      } catch (error) {
        throw new TypeError(`group ${quoted(group)}, secret ${quoted(name)}: ${errorMessage(error)}`, { cause: error });
      }
      return { id, name: id, labels };
    });
  }

  async #deliver(group: string, secret: string, labels: Labels, taskId: string): Promise<SecretValue> {
    const response = await this.#delivery.get({
      secretName: secretName(group, secret),
      labels,
      serviceId: group,
      taskId,
    });
    if (response.kind === 'value') return response.value;
    throw new Error(response.message);
  }

  #isSettled(name: string, sinceMs: number): boolean {
    const status = this.#rotation.status();
    const service = status.services.find(({ id }) => id === name);
    const group = this.#groups.get(name)?.group;
    if (service === undefined || group === undefined || (status.observedAtMs ?? 0) < sinceMs) return false;
    const isDone = service.rollout === null && service.outdatedTasks === 0 && service.waitingReason === null;
    return isDone && group.isRunning && service.runningTasks === group.workers.length;
  }

  #waitingFor(name: string): string {
    const service = this.#rotation.status().services.find(({ id }) => id === name);
    const problem = this.#rotation.status().secrets.find(({ services, problem: found }) => {
      return found !== null && services.includes(name);
    })?.problem;
    return (
      problem?.message ?? service?.waitingReason?.message ?? 'waits for its workers to run with the current secrets'
    );
  }

  #forward(event: ProductEvent): void {
    const own = rotatorEvent(event);
    if (own === null) return;
    const [name, content] = own;
    (this.#listeners[name] as Listeners<[typeof content]>).notify(content);
  }
}

async function closeAll(instances: ReadonlyMap<string, ProviderInstance>): Promise<void> {
  await Promise.all([...instances.values()].map((instance) => instance.close()));
}
