import { Delivery, type DeliveryLimits, type SecretRequest, type SecretResponse } from '@vault-swarm/delivery';
import { type Digest, EventBus, type Random } from '@vault-swarm/kernel';
import {
  type AccessGuard,
  type CallOptions,
  type LabelReader,
  type ProductEvent,
  ProviderError,
  type ProviderInstance,
  type TimedEvent,
} from '@vault-swarm/provider';
import {
  type Leadership,
  type LedgerStore,
  type Orchestrator,
  type OrchestratorChanges,
  Rotation,
  type RotationPorts,
  type RotationSettings,
  type WriteOutcome,
} from '@vault-swarm/rotation';
import type { SimulatedClock } from '../simulated-clock.ts';
import { FaultInjector, type Interfere, type PortName } from './fault-injector.ts';
import { ProcessClock } from './process-clock.ts';

/** How an update leaves a process. */
interface SentRoll extends CallOptions {
  /** When it did, in monotonic milliseconds: it may arrive later. */
  readonly sentAtMs: number;
}

/** The orchestrator as one manager sees it. */
export type ManagerPorts = Omit<Orchestrator, 'roll'> & {
  roll(id: string, version: number, generation: number, sent: SentRoll): Promise<WriteOutcome>;
} & OrchestratorChanges &
  Leadership &
  LedgerStore & { readonly leaseLedger: LedgerStore };

/** What a process of the plugin is made of. */
export interface PluginOptions {
  readonly manager: string;
  readonly clock: SimulatedClock;
  /** How far the machine's wall clock is ahead, in milliseconds. */
  readonly clockOffsetMs: () => number;
  /** How long it does other work where a pass lets it, in milliseconds. */
  readonly sliceGapMs: () => number;
  readonly settings: RotationSettings;
  readonly limits: DeliveryLimits;
  readonly labels: LabelReader;
  readonly access: AccessGuard;
  readonly provider: ProviderInstance;
  readonly orchestrator: ManagerPorts;
  readonly digest: Digest;
  readonly random: Random;
  readonly interfere: Interfere;
  readonly onEvent: (event: TimedEvent) => void;
  /** A write of the ledger was rejected, or its outcome is unknown to the process. */
  readonly onLedgerNotWritten: () => void;
  /** Called once when the process is killed, however that comes. */
  readonly onDeath: () => void;
}

/** One life of the plugin on one manager: the real rotation and delivery, with the world behind its ports. */
export class PluginProcess {
  readonly rotation: Rotation;
  readonly #delivery: Delivery;
  readonly #faultInjector: FaultInjector;
  readonly #clock: ProcessClock;
  readonly #died = Promise.withResolvers<null>();
  readonly #onDeath: () => void;
  readonly #onLedgerNotWritten: () => void;
  #isAlive = true;

  constructor(options: PluginOptions) {
    const { manager, clock, labels, settings, limits, digest, random, interfere } = options;
    this.#onDeath = options.onDeath;
    this.#onLedgerNotWritten = options.onLedgerNotWritten;
    this.#faultInjector = new FaultInjector(manager, clock, interfere, () => this.kill());
    this.#clock = new ProcessClock(clock, options);
    const bus = new EventBus<ProductEvent>(this.#clock);
    bus.subscribe((event) => {
      if (event.type === 'delivery.failed') this.rotation.refused(event);
      if (this.#isAlive) options.onEvent(event);
    });
    const provider = this.#faultyProvider(options.provider);
    const common = {
      labels,
      access: options.access,
      clock: this.#clock,
      events: bus,
      findProvider: async () => provider,
    };
    this.#delivery = new Delivery({
      ...common,
      limits,
      record: (delivered) => this.rotation.record(delivered),
      choice: { choose: (request) => this.rotation.choose(request) },
      leased: { deliver: (request) => this.rotation.deliver(request) },
    });
    this.rotation = new Rotation(settings, {
      ...common,
      ...this.#faultyOrchestrator(options.orchestrator),
      providers: [provider.name],
      values: this.#delivery,
      digest,
      random,
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether it waits for a call that is not answered. */
  get isHanging(): boolean {
    return this.#faultInjector.isHanging;
  }

  start(): void {
    this.rotation.start();
  }

  /** What the driver's socket answers; `null` where the process dies before. */
  async get(request: SecretRequest): Promise<SecretResponse | null> {
    if (!this.#isAlive) return null;
    const answer = await Promise.race([this.#delivery.get(request), this.#died.promise]);
    return this.#isAlive ? answer : null;
  }

  /** Ends it at once. What it was doing is not finished, and all that it knew is gone. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#faultInjector.close();
    this.#clock.stop();
    this.#died.resolve(null);
    this.#onDeath();
  }

  #faultyOrchestrator(
    orchestrator: ManagerPorts,
  ): Pick<RotationPorts, 'orchestrator' | 'changes' | 'leadership' | 'ledger' | 'leaseLedger'> {
    const read = <T>(port: PortName, { signal }: CallOptions, work: () => Promise<T>) =>
      this.#faultInjector.call(port, signal, work, () => {
        throw new Error(`the engine did not answer ${port}`);
      });
    return {
      orchestrator: {
        displayName: orchestrator.displayName,
        ...(orchestrator.advice === undefined ? {} : { advice: orchestrator.advice }),
        observe: (options) => read('observe', options, () => orchestrator.observe(options)),
        findTask: (id, options) => read('findTask', options, () => orchestrator.findTask(id, options)),
        failures: (id, options) => read('failures', options, () => orchestrator.failures(id, options)),
        roll: async (id, version, generation, { signal, isDue }) => {
          if (isDue?.() === false) return 'conflict';
          const sent = { ...late, sentAtMs: this.#clock.monotonic() };
          return this.#faultInjector.call(
            'roll',
            signal,
            () => orchestrator.roll(id, version, generation, sent),
            unknown,
          );
        },
      },
      leadership: { role: (options) => read('role', options, () => orchestrator.role(options)) },
      ledger: {
        read: (options) => read('ledger.read', options, () => orchestrator.read(options)),
        compareAndSet: async (version, text, { signal }) => {
          const write = () => orchestrator.compareAndSet(version, text, late);
          const outcome = await this.#faultInjector.call('ledger.write', signal, write, unknown);
          if (outcome !== 'applied') this.#onLedgerNotWritten();
          return outcome;
        },
      },
      leaseLedger: {
        read: (options) => read('leases.read', options, () => orchestrator.leaseLedger.read(options)),
        compareAndSet: (version, text, { signal }) =>
          this.#faultInjector.call(
            'leases.write',
            signal,
            () => orchestrator.leaseLedger.compareAndSet(version, text, late),
            unknown,
          ),
      },
      changes: {
        onChange: (listener) =>
          orchestrator.onChange(() => {
            if (this.#isAlive) listener();
          }),
      },
    };
  }

  #faultyProvider({ name, secrets, probe, revisions, order, leases, holders }: ProviderInstance): ProviderInstance {
    const call = <T>(port: PortName, { signal }: CallOptions, work: () => Promise<T>) =>
      this.#faultInjector
        .call(port, signal, work, () => {
          throw new ProviderError('UNAVAILABLE', `the provider did not answer ${port}`);
        })
        .catch((error) => Promise.reject(ProviderError.from(error, 'cut off')));
    return {
      name,
      hints: null,
      leases: leases && {
        issue: (ref, holder, options) => call('provider.issue', options, () => leases.issue(ref, holder, late)),
        renew: (id, incrementMs, options) => call('provider.renew', options, () => leases.renew(id, incrementMs, late)),
        revoke: (id, options) => call('provider.revoke', options, () => leases.revoke(id, late)),
      },
      holders: holders && {
        create: (purpose, options) => call('provider.createHolder', options, () => holders.create(purpose, late)),
        renew: (accessor, options) => call('provider.renewHolder', options, () => holders.renew(accessor, late)),
        revoke: (accessor, options) => call('provider.revokeHolder', options, () => holders.revoke(accessor, late)),
      },
      order,
      secrets: { read: (ref, options) => call('provider.read', options, () => secrets.read(ref, options)) },
      probe: probe && {
        ...probe,
        probe: (refs, options) => call('provider.probe', options, () => probe.probe(refs, options)),
      },
      revisions: revisions && {
        readRevision: (ref, revision, options) =>
          call('provider.readRevision', options, () => revisions.readRevision(ref, revision, options)),
      },
      close: async () => undefined,
    };
  }
}

/** A write that arrived is carried out, though its caller waits no more. */
const late: CallOptions = { signal: new AbortController().signal };

function unknown(): 'unknown' {
  return 'unknown';
}
