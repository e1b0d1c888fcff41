import { BoundedMap, type Clock, type Random } from '@vault-swarm/kernel';
import type { CallOptions, Events, LeasedAnswer, LeasedRequest, ProviderInstance } from '@vault-swarm/provider';
import type { Observation } from '../bindings/observation.ts';
import { type LedgerDocument, type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import type { RollAction } from '../planner/decision.ts';
import type { LedgerStore, Orchestrator, Role } from '../ports/orchestrator.ts';
import type { LeaseSettings } from '../ports/rotation-ports.ts';
import type { LeasesStatus } from '../status/lease-status.ts';
import type { LeaseProblem } from '../status/rotation-problems.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { Ticker } from '../ticker.ts';
import { HeldLeases } from './held-leases.ts';
import { Issuing } from './issuing.ts';
import { KnownEpochs } from './known-epochs.ts';
import { LeaseAccounts } from './lease-accounts.ts';
import { addHolder, addSet, type LeaseChange } from './lease-changes.ts';
import { generationKey, holderId, isOfGeneration } from './lease-document.ts';
import { leaseProblems } from './lease-problems.ts';
import { LeaseRequests } from './lease-requests.ts';
import { leaseStatuses } from './lease-statuses.ts';
import { LeaseUpkeep } from './lease-upkeep.ts';
import { LeaseUses, NO_LEASE_USES } from './lease-uses.ts';
import { desiredEpoch, epochOf, epochOfGeneration, revisionOfEpoch } from './plan-epochs.ts';
import { SteadyClock } from './steady-clock.ts';
import { accountForTasks } from './usage.ts';

/** What leases need from outside. */
export interface LeasePorts {
  /** Where the accounts are kept, shared by the managers. */
  readonly leaseLedger: LedgerStore;
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly orchestrator: Pick<Orchestrator, 'findTask'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  /** Called if a reconcile pass should run soon. */
  readonly onNews: () => void;
}

/** The leader before reports what it gave to tasks within this time. */
const ADOPT_AFTER_MS = 20_000;
/** A task to which the leader before gave a credential runs within this time, or it is one that finds no node. */
const STARTS_WITHIN_MS = 600_000;
const IDLE_MS = 60_000;

/**
 * Credentials that end: issued for each generation of a service, renewed, replaced before they end, and revoked after
 * the last task of the generation. The leader does this; the values live in its memory only.
 */
export class Leases {
  readonly #settings: LeaseSettings;
  readonly #ports: LeasePorts;
  readonly #accounts: LeaseAccounts;
  readonly #held = new HeldLeases();
  readonly #issuing: Issuing;
  readonly #upkeep: LeaseUpkeep;
  readonly #requests: LeaseRequests;
  readonly #work: Ticker;
  #role: Role | null = null;
  #leaderSinceMs = 0;
  #uses: LeaseUses = NO_LEASE_USES;
  #known = new KnownEpochs([], []);
  /** By the ref key of the binding. */
  #current: ReadonlyMap<string, CurrentValue> = new Map();
  /** When the epoch of a service grows next, in milliseconds since 1970. */
  #nextMs = Number.POSITIVE_INFINITY;
  /** Generations whose values are lost, and that have all the sets that they may have. */
  readonly #lost = new Set<string>();
  readonly #rolloutMs = new BoundedMap<number>({ maxEntries: 10_000 });
  /** By id, also of services that are gone: their credentials are revoked later. */
  readonly #names = new BoundedMap<string>({ maxEntries: 10_000 });

  constructor(settings: LeaseSettings, given: LeasePorts) {
    const clock = new SteadyClock(given.clock);
    const ports = { ...given, clock };
    this.#settings = settings;
    this.#ports = ports;
    const accounts = new LeaseAccounts({
      ...ports,
      onChange: () => {
        ports.onNews();
        this.#work.wake();
      },
    });
    this.#accounts = accounts;
    const uses = () => this.#uses;
    this.#upkeep = new LeaseUpkeep(settings.revokeAfterMs, {
      ...ports,
      accounts,
      uses,
      nameOf: (serviceId) => this.#nameOf(serviceId),
      onRevoke: (set) => {
        this.#held.drop(set.id);
        // A task that starts from now on needs a holder that lives.
        this.#issuing.dropHolder(set.serviceId, set.generation);
      },
    });
    this.#issuing = new Issuing(settings, {
      ...ports,
      countSets: () => accounts.view.sets.length,
      leftMs: (serviceId) => this.endMs(serviceId) - clock.now(),
      onHolder: (holder) => {
        accounts.change(addHolder(holder));
        this.#upkeep.created(holderId(holder), holder.ttlMs);
      },
      onIssued: (issued) => {
        this.#held.add(issued);
        accounts.change(addSet(issued.set));
        if (issued.renewalMs > 0) this.#upkeep.created(issued.set.id, issued.renewalMs);
      },
    });
    this.#requests = new LeaseRequests({
      ...ports,
      ...{ accounts, uses, held: this.#held, issuing: this.#issuing },
      epochOf: (serviceId, key, generation, entry) => this.#epochOf(serviceId, key, generation, entry),
      onAccounts: () => this.#forgetRevoked(),
      onLost: (serviceId, generation) => {
        this.#lost.add(generationKey(serviceId, generation));
        ports.onNews();
      },
      onUse: (of) => this.#upkeep.used(of),
    });
    this.#work = new Ticker(clock, ports.random, async (signal) => {
      return this.#role === 'leader' && accounts.unusable === null ? this.#upkeep.run(signal) : IDLE_MS;
    });
  }

  /** Stops renewals and revocations; resolves when none is in flight any more. */
  async stop(): Promise<void> {
    await this.#work.stop();
    this.#held.clear();
  }

  /** The status of all credentials, and what is wrong now. */
  report(): { readonly status: LeasesStatus; readonly problems: readonly LeaseProblem[] } {
    const status = this.#status();
    const ending = status.sets.filter(({ id }) => status.endingTooSoon.has(id));
    const problems = leaseProblems({
      holderProblems: this.#issuing.holderProblems,
      accounts: this.#accounts.unusable ?? this.#accounts.failure,
      issues: this.#issuing.failures.map(({ serviceId, error }) => ({ service: this.#nameOf(serviceId), error })),
      upkeep: this.#upkeep.failures,
      // A standby does not know what the leader renewed.
      ending: this.#role === 'leader' ? ending : [],
    });
    return { status, problems };
  }

  #status(): LeasesStatus {
    return leaseStatuses({
      nowMs: this.#ports.clock.now(),
      document: this.#accounts.view,
      uses: this.#uses,
      upkeep: this.#upkeep,
      maxSets: this.#settings.maxSets,
      nameOf: (serviceId) => this.#nameOf(serviceId),
      desiredEpoch: ({ serviceId, leaseKey: key }) => {
        const refKey = this.#uses.of(serviceId, key)?.bindings[0]?.refKey ?? '';
        return epochOf(this.#current.get(refKey));
      },
      rolloutMs: (serviceId) => this.#rolloutMs.get(this.#nameOf(serviceId)) ?? 0,
    });
  }

  /** Whether a ref key belongs to a secret with leases. */
  has(refKey: string): boolean {
    return this.#uses.ofRefKey(refKey) !== undefined;
  }

  /** The epoch that the tasks of a service must have for a secret, as a value; `undefined` while it is not known. */
  current(refKey: string): CurrentValue | undefined {
    return this.#current.get(refKey);
  }

  /** The epoch that a task has for a secret, as the accounts say: see {@link KnownEpochs}. */
  known(taskId: string, secretName: string): readonly SecretVersion[] {
    return this.#known.versions(taskId, secretName);
  }

  /** Why no credential can be issued for a secret now; `null` if the latest attempt did not fail for good. */
  refusal(refKey: string): string | null {
    const use = this.#uses.ofRefKey(refKey);
    const error = use && this.#issuing.failure(use.service.id, use.leaseKey);
    return error === undefined || error.retryable ? null : error.message;
  }

  /** When the first credential that tasks of a service use ends, in milliseconds since 1970; infinite if none does. */
  endMs(serviceId: string): number {
    const alive = this.#uses.livingTasks(serviceId);
    const ends = this.#accounts.view.sets.flatMap((set) => {
      const isUsed = alive.some(({ generation }) => isOfGeneration(set, serviceId, generation));
      return isUsed && set.endMs !== null ? [set.endMs] : [];
    });
    return Math.min(Number.POSITIVE_INFINITY, ...ends);
  }

  /** The milliseconds until credentials of a service must be replaced next; infinite if that is not known. */
  get untilNextMs(): number {
    return Math.max(0, this.#nextMs - this.#ports.clock.now());
  }

  /** Records how long the latest rollout of a service took, by the service's name. */
  rolledOut(service: string, durationMs: number): void {
    this.#rolloutMs.set(service, durationMs);
  }

  /**
   * Processes an observation: reads the accounts, adds what changed, and finds which epoch each service must have. It
   * must follow each observation, before anything is planned. If the accounts can't be read, no epoch is known, so nothing
   * is replaced; if they can't be written, nothing is revoked.
   */
  async observe(
    { role, bindings, startedAtMs }: Observation,
    ledger: LedgerDocument,
    options: CallOptions,
  ): Promise<void> {
    if (role === 'leader' && this.#role !== 'leader') this.#leaderSinceMs = this.#ports.clock.monotonic();
    this.#role = role;
    this.#uses = new LeaseUses(bindings.services, ledger);
    for (const { service } of this.#uses.all) this.#names.set(service.id, service.name);
    if (this.#uses.all.length === 0 && this.#accounts.isEmpty) {
      this.#current = new Map();
      this.#requests.ready();
      return;
    }
    const isRead = await this.#accounts.exchange(() => this.#account(), {
      ...options,
      mayRewrite: role === 'leader',
    });
    if (isRead) this.#requests.ready();
    if (!isRead || this.#accounts.unusable !== null) {
      this.#current = new Map();
      return;
    }
    const { values, nextMs } = this.#desired(this.#uses);
    this.#current = values;
    this.#nextMs = nextMs;
    this.#known = new KnownEpochs(bindings.services, this.#accounts.view.sets);
    this.#forget(this.#upkeep.findUnused(ledger, startedAtMs));
    if (role === 'leader') this.#work.wake();
  }

  /** Starts or ends a lockdown: at its start all values are dropped, and each task that starts gets its own credential. */
  lockDown(active: boolean): void {
    this.#held.lockDown(active);
  }

  /**
   * The epochs that the tasks of each service would have to have if the ledger were this one, by ref key. It differs from
   * {@link current} after a manual request.
   */
  desired(services: Observation['bindings']['services'], ledger: LedgerDocument): ReadonlyMap<string, CurrentValue> {
    return this.#accounts.unusable === null ? this.#desired(new LeaseUses(services, ledger)).values : new Map();
  }

  /** See {@link LeaseRequests.deliver}. */
  deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    return this.#requests.deliver(request);
  }

  /** See {@link LeaseRequests.prepare}. */
  prepare(
    action: Pick<RollAction, 'serviceId' | 'serviceName' | 'generation'>,
    ledger: LedgerDocument,
    options: CallOptions,
  ): Promise<boolean> {
    return this.#requests.prepare(action, ledger.services[action.serviceId] ?? NOTHING_OPEN, options);
  }

  #account(): readonly LeaseChange[] {
    const { clock } = this.#ports;
    const leadsMs = clock.monotonic() - this.#leaderSinceMs;
    const mayAdopt = this.#role === 'leader' && leadsMs >= ADOPT_AFTER_MS;
    const othersUntilMs = leadsMs < STARTS_WITHIN_MS ? clock.now() - leadsMs : 0;
    return this.#uses.all.flatMap((use) =>
      accountForTasks({
        service: use.service,
        leaseKey: use.leaseKey,
        document: this.#accounts.view,
        givenTo: (taskId) => this.#held.givenTo(taskId, use.leaseKey),
        ...{ mayAdopt, othersUntilMs },
        nowMs: clock.now(),
        provider: use.ref.provider,
        epoch: this.#uses.recordedEpoch(use),
      }),
    );
  }

  /** The desired epochs as values, by ref key, and when the next one grows, in milliseconds since 1970. */
  #desired(uses: LeaseUses): { readonly values: ReadonlyMap<string, CurrentValue>; readonly nextMs: number } {
    const current = new Map<string, CurrentValue>();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const use of uses.all) {
      const { service, leaseKey: key, bindings } = use;
      const recorded = uses.recordedEpoch(use);
      const entry = uses.entryOf(service.id);
      const isRequested = bindings.some((binding) => entry.requested.includes(binding.key));
      const { epoch, growsAtMs } = desiredEpoch({
        nowMs: this.#ports.clock.now(),
        ...{ service, entry, recorded, isRequested },
        key: bindings[0]?.key ?? '',
        // No task uses what is being revoked.
        sets: this.#accounts.view.sets.filter(
          (set) => set.serviceId === service.id && set.leaseKey === key && !this.#upkeep.isEnding(set),
        ),
        isLost: (generation) => this.#lost.has(generationKey(service.id, generation)),
        rolloutMs: this.#rolloutMs.get(service.name) ?? 0,
      });
      nextMs = Math.min(nextMs, growsAtMs);
      const revision = revisionOfEpoch(epoch);
      for (const { refKey } of bindings) {
        const before = this.#current.get(refKey);
        const noticed = { by: isRequested ? ('operator' as const) : ('lease' as const) };
        const value = { revision: tagRevision(refKey, revision), digest: revision, createdAtMs: null, noticed };
        current.set(refKey, before?.digest === revision ? before : value);
      }
    }
    return { values: current, nextMs };
  }

  #epochOf(serviceId: string, key: string, generation: number, entry: LedgerService): number {
    const binding = this.#uses.of(serviceId, key)?.bindings[0];
    const recorded = epochOf(binding && this.#current.get(binding.refKey));
    return epochOfGeneration(entry, binding?.key ?? '', generation, recorded);
  }

  #nameOf(serviceId: string): string {
    return this.#names.get(serviceId) ?? serviceId;
  }

  /** Forgets what belongs to generations and services that are gone. */
  #forget(generations: ReadonlySet<string>): void {
    for (const key of this.#lost) if (!generations.has(key)) this.#lost.delete(key);
    this.#issuing.keepServices((serviceId) => this.#uses.services.has(serviceId));
    this.#forgetRevoked();
  }

  /** Forgets the values and the tokens that the accounts do not have any more. */
  #forgetRevoked(): void {
    const { view } = this.#accounts;
    this.#held.keep(new Set(view.sets.map(({ id }) => id)));
    this.#issuing.keepHolders((serviceId, generation) =>
      view.holders.some((holder) => isOfGeneration(holder, serviceId, generation)),
    );
  }
}
