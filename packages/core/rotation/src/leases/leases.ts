import {
  BoundedMap,
  type Clock,
  DeadlineExceeded,
  mapConcurrently,
  type Random,
  withDeadline,
} from '@vault-swarm/kernel';
import {
  type CallOptions,
  describeRef,
  type Events,
  type LeasedAnswer,
  type LeasedRequest,
  leaseKey,
  ProviderError,
  type ProviderInstance,
  type SecretRef,
  selectValue,
} from '@vault-swarm/provider';
import type { Observation } from '../bindings/observation.ts';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import { type LedgerDocument, NOTHING_OPEN } from '../ledger/ledger.ts';
import { tagRevision } from '../ledger/secret-version.ts';
import type { RollAction } from '../planner/service-state.ts';
import type { LedgerStore, Orchestrator, Role, Workload, WorkloadTask } from '../ports/orchestrator.ts';
import type { LeaseSettings } from '../ports/rotation-ports.ts';
import type { LeaseProblem } from '../status/rotation-problems.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { Ticker } from '../ticker.ts';
import { type Issued, type IssueRequest, Issuing } from './issuing.ts';
import {
  addHolder,
  addSet,
  applyChanges,
  endSets,
  type LeaseChange,
  removeHolder,
  removeSet,
  setsOf,
} from './lease-changes.ts';
import {
  isAdopted,
  isOfGeneration,
  type LeaseDocument,
  type LeaseSet,
  NO_LEASES,
  readLeases,
  type StoredHolder,
  serialiseLeases,
} from './lease-document.ts';
import { desiredEpoch, epochOf, epochOfGeneration, revisionOfEpoch } from './plan-epochs.ts';
import { RenewalSchedule } from './renewal-schedule.ts';
import { accountForTasks, mayBeUsed } from './usage.ts';

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

/** A use of a lease key by a service. */
interface Consumer {
  readonly service: Workload;
  readonly leaseKey: string;
  readonly bindings: readonly SecretBinding[];
  readonly ref: SecretRef;
}

/**
 * If a generation needs more sets than this, since their values are lost again and again, its service is rolled to a new
 * one. Until then the limit of issues in an hour applies: a task that does not start could keep the rollout from starting.
 */
const MAX_SETS_OF_GENERATION = 2;
/** How long to wait for a task's state. */
const LOOK_UP_MS = 300;
const LOOKUP_BACKOFF_MS = 5_000;
/** The leader before reports what it gave to tasks within this time. */
const ADOPT_AFTER_MS = 20_000;
const CALL_DEADLINE_MS = 10_000;
const MAX_CALLS = 8;
/** Which set a task was given is remembered for this many tasks. */
const MAX_GIVEN = 50_000;
const IDLE_MS = 60_000;
/** A grant that is shorter than this part of the request is near the maximum. */
const CUT = 0.95;
const RETRY_REVOKE_MS = 10_000;

/**
 * Credentials that end: issued for each generation of a service, renewed, replaced before they end, and revoked after
 * the last task of the generation. The leader does this; the values live in its memory only.
 */
export class Leases {
  readonly #settings: LeaseSettings;
  readonly #ports: LeasePorts;
  readonly #issuing: Issuing;
  readonly #renewals: RenewalSchedule;
  readonly #work: Ticker;
  /** As it was read, and with the changes that are not written yet. */
  #document: LeaseDocument | null = null;
  #view: LeaseDocument = NO_LEASES;
  #changes: LeaseChange[] = [];
  #unusable: string | null = null;
  #role: Role | null = null;
  #leaderSinceMs = 0;
  /** By set id. */
  readonly #held = new Map<string, Issued>();
  /** By task and lease key: the id of the set that this process gave to the task. */
  readonly #given = new BoundedMap<string>({ maxEntries: MAX_GIVEN, maxKeyLength: 40_000_000 });
  #consumers: ReadonlyMap<string, Consumer> = new Map();
  /** By the ref key of the binding. */
  #current: ReadonlyMap<string, CurrentValue> = new Map();
  /** By the ref key of the binding: the service and the lease key. */
  #consumerOf: ReadonlyMap<string, readonly [string, string]> = new Map();
  #tasks: ReadonlyMap<string, WorkloadTask> = new Map();
  #ledger: LedgerDocument | null = null;
  #services: ReadonlyMap<string, Workload> = new Map();
  /** By service and generation: since when no task uses it, in monotonic milliseconds. */
  readonly #unusedSince = new Map<string, number>();
  /** Generations whose values are lost, and that have all the sets that they may have. */
  readonly #lost = new Set<string>();
  readonly #ending = new Set<string>();
  readonly #rolloutMs = new BoundedMap<number>({ maxEntries: 10_000 });
  readonly #revokeNotBefore = new Map<string, number>();
  /** By set or holder: why its latest renewal or revocation failed. */
  readonly #failures = new BoundedMap<{ readonly service: string; readonly message: string }>({ maxEntries: 20_000 });
  readonly #observed = Promise.withResolvers<void>();
  #isObserved = false;
  #waitUntilMs: number | null = null;
  #noLookupUntilMs = Number.NEGATIVE_INFINITY;

  constructor(settings: LeaseSettings, ports: LeasePorts) {
    const { clock, random } = ports;
    this.#settings = settings;
    this.#ports = ports;
    this.#renewals = new RenewalSchedule(() => random.next());
    this.#issuing = new Issuing(settings, {
      ...ports,
      countSets: () => this.#view.sets.length,
      onHolder: (holder) => {
        this.#change(addHolder(holder));
        this.#renewals.renewed(holderId(holder), holder.ttlMs, clock.monotonic());
      },
      onIssued: (issued) => {
        const { id } = issued.set;
        this.#held.set(id, issued);
        this.#change(addSet(issued.set));
        if (issued.renewalMs > 0) this.#renewals.renewed(id, issued.renewalMs, clock.monotonic());
      },
    });
    this.#work = new Ticker(clock, random, (signal) => this.#renewAndRevoke(signal));
  }

  /** Stops renewals and revocations; resolves when none is in flight any more. */
  async stop(): Promise<void> {
    await this.#work.stop();
    this.#held.clear();
  }

  /** What is wrong now. */
  get problems(): readonly LeaseProblem[] {
    const problems: LeaseProblem[] = [...this.#issuing.holderProblems].map(([subject, { message }]) => {
      return { code: 'LEASE_HOLDER_DENIED', subject, message };
    });
    const failing = (subject: string, message: string) => problems.push({ code: 'LEASE_FAILING', subject, message });
    if (this.#unusable !== null) failing('the accounts of leases', this.#unusable);
    for (const { serviceId, error } of this.#issuing.failures) failing(this.#nameOf(serviceId), error.message);
    const ids = [...this.#view.sets.map(({ id }) => id), ...this.#view.holders.map(holderId)];
    for (const failure of ids.flatMap((id) => this.#failures.get(id) ?? [])) failing(failure.service, failure.message);
    return problems;
  }

  /** Whether a ref key belongs to a secret with leases. */
  has(consumer: string): boolean {
    return this.#consumerOf.has(consumer);
  }

  /** The epoch that the tasks of a service must have for a secret, as a value; `undefined` while it is not known. */
  current(consumer: string): CurrentValue | undefined {
    return this.#current.get(consumer);
  }

  /** Why no credential can be issued for a secret now; `null` if the latest attempt did not fail for good. */
  refusal(consumer: string): string | null {
    const [serviceId = '', key = ''] = this.#consumerOf.get(consumer) ?? [];
    const error = this.#issuing.failure(serviceId, key);
    return error === undefined || error.retryable ? null : error.message;
  }

  /** When the first credential that tasks of a service use ends, in milliseconds since 1970; infinite if none does. */
  endMs(serviceId: string): number {
    const alive = this.#services.get(serviceId)?.tasks.filter(({ state }) => state !== 'ended') ?? [];
    const ends = this.#view.sets.flatMap((set) => {
      const isUsed = alive.some(({ generation }) => isOfGeneration(set, serviceId, generation));
      return isUsed && set.endMs !== null ? [set.endMs] : [];
    });
    return Math.min(Number.POSITIVE_INFINITY, ...ends);
  }

  /** Records how long the latest rollout of a service took, by the service's name. */
  rolledOut(service: string, durationMs: number): void {
    this.#rolloutMs.set(service, durationMs);
  }

  /**
   * Processes an observation: reads the accounts, adds what changed, and finds which epoch each service must have. It
   * must follow each observation, before anything is planned. Rejects if the orchestrator does not answer.
   */
  async observe(observed: Observation, ledger: LedgerDocument, { signal }: CallOptions): Promise<void> {
    const { role, bindings } = observed;
    const nowMs = this.#ports.clock.monotonic();
    if (role === 'leader' && this.#role !== 'leader') this.#leaderSinceMs = nowMs;
    this.#role = role;
    this.#consumers = consumersOf(bindings.services);
    this.#services = new Map(bindings.services.map(({ service }) => [service.id, service]));
    this.#tasks = tasksOf(this.#consumers);
    this.#consumerOf = new Map(
      [...this.#consumers.values()].flatMap(({ service, leaseKey: key, bindings: own }) =>
        own.map(({ refKey }) => [refKey, [service.id, key]]),
      ),
    );
    this.#ledger = ledger;
    const isUnused = this.#consumers.size === 0 && this.#changes.length === 0;
    if (isUnused && this.#document !== null && isEmpty(this.#document)) {
      this.#current = new Map();
      this.#ready();
      return;
    }
    await this.#exchange(ledger, signal);
    this.#ready();
    if (this.#unusable !== null) {
      this.#current = new Map();
      return;
    }
    this.#plan(ledger);
    this.#findUnused(ledger);
    if (role === 'leader') this.#work.wake();
  }

  /**
   * The value of a leased secret for a task. Never rejects with anything but a `ProviderError` or `DeadlineExceeded`.
   */
  async deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    const { ref, serviceId, serviceName, taskId, untilMs } = request;
    const key = leaseKey(ref) ?? '';
    if (serviceId === undefined || serviceId === '' || taskId === undefined || taskId === '') {
      throw new ProviderError(
        'INVALID_REF',
        `${describeRef(ref)}: the request names no service or task, so nothing is issued`,
      );
    }
    await this.#untilObserved(ref, untilMs);
    const known = this.#tasks.get(taskId) ?? (await this.#lookUp(taskId, untilMs));
    const given = this.#held.get(this.#given.get(givenKey(taskId, key)) ?? '');
    if (given !== undefined && !this.#hasEnded(given.set)) return this.#answer(given, request);
    if (known === null) throw unavailable(ref, 'its task is not known, so it is not clear which credential it needs');
    const sets = setsOf(this.#view, serviceId, known.generation, key);
    const held = this.#heldOf(sets);
    if (known.state === 'running') {
      const [only] = held;
      if (only === undefined || sets.length > 1) return { kind: 'already-delivered' };
      return this.#answer(only, request);
    }
    const latest = held.at(-1);
    if (latest !== undefined) return this.#answer(latest, request);
    // The snapshot may be a second old: nothing is issued for a task that runs by now.
    const now = this.#tasks.has(taskId) ? ((await this.#lookUp(taskId, untilMs)) ?? known) : known;
    if (now?.state === 'running') return { kind: 'already-delivered' };
    if (now.state === 'ended') throw unavailable(ref, 'its task has ended');
    this.#countLost(serviceId, now.generation, sets);
    const entry = this.#ledger?.services[serviceId] ?? NOTHING_OPEN;
    const issue: IssueRequest = {
      serviceId,
      serviceName: serviceName ?? serviceId,
      generation: now.generation,
      ref,
      leaseKey: key,
      epoch: sets.at(-1)?.epoch ?? this.#epochOf(serviceId, key, now.generation, entry),
      isPlanned: false,
    };
    const leftMs = untilMs - this.#ports.clock.monotonic();
    const issued = await withDeadline(this.#ports.clock, leftMs, undefined, () => this.#issuing.issue(issue));
    return this.#answer(issued, request, 'provider');
  }

  /**
   * Issues what the tasks of a generation will need, before the service is updated to it. Returns whether everything can
   * be delivered now. If not, an event says why, or a new credential does not work everywhere yet.
   */
  async prepare(
    { serviceId, serviceName, generation }: Pick<RollAction, 'serviceId' | 'serviceName' | 'generation'>,
    ledger: LedgerDocument,
    { signal }: CallOptions,
  ): Promise<boolean> {
    const { clock } = this.#ports;
    const entry = ledger.services[serviceId] ?? NOTHING_OPEN;
    const consumers = [...this.#consumers.values()].filter(({ service }) => service.id === serviceId);
    const usable = await Promise.all(
      consumers.map(async ({ ref, leaseKey: key }) => {
        const sets = setsOf(this.#view, serviceId, generation, key).filter((set) => !isAdopted(set));
        const held = this.#heldOf(sets).at(-1);
        if (held !== undefined) return clock.monotonic() >= held.usableAtMs;
        const epoch = this.#epochOf(serviceId, key, generation, entry);
        const issue = { serviceId, serviceName, generation, ref, leaseKey: key, epoch, isPlanned: true };
        try {
          const issued = await withDeadline(clock, CALL_DEADLINE_MS, signal, () => this.#issuing.issue(issue));
          return clock.monotonic() >= issued.usableAtMs;
        } catch {
          // An event has reported it, or it goes on.
          return false;
        }
      }),
    );
    return usable.every((isUsable) => isUsable);
  }

  /** Has the service rolled if a generation needs too many sets. */
  #countLost(serviceId: string, generation: number, sets: readonly LeaseSet[]): void {
    if (sets.filter((set) => !isAdopted(set)).length < MAX_SETS_OF_GENERATION) return;
    this.#lost.add(generationKey(serviceId, generation));
    this.#ports.onNews();
  }

  async #exchange(ledger: LedgerDocument, signal: AbortSignal): Promise<void> {
    const { leaseLedger } = this.#ports;
    const record = await leaseLedger.read({ signal });
    if (record?.kind === 'untrusted') {
      this.#unusable = record.message;
      return;
    }
    const reading = record === null ? { kind: 'readable' as const, document: NO_LEASES } : readLeases(record.text);
    if (reading.kind === 'newer') {
      this.#unusable = 'a later version of the plugin wrote the accounts of leases; update the plugin on this manager';
      return;
    }
    this.#unusable = null;
    // Of a damaged document nothing is known. Tasks without an account get new credentials by a rollout.
    this.#document = reading.kind === 'readable' ? reading.document : NO_LEASES;
    const changes = [...this.#changes];
    this.#view = applyChanges(this.#document, changes);
    this.#account(ledger);
    const all = [...this.#changes];
    this.#view = applyChanges(this.#document, all);
    if (this.#view === this.#document && reading.kind === 'readable') {
      this.#changes = this.#changes.slice(all.length);
      return;
    }
    const next = this.#view;
    const outcome = await leaseLedger.compareAndSet(record?.version ?? null, serialiseLeases(next), { signal });
    if (outcome !== 'applied') {
      this.#ports.onNews();
      return;
    }
    this.#document = next;
    this.#changes = this.#changes.slice(all.length);
    this.#view = applyChanges(next, this.#changes);
  }

  #account(ledger: LedgerDocument): void {
    const { clock } = this.#ports;
    const mayAdopt = this.#role === 'leader' && clock.monotonic() - this.#leaderSinceMs >= ADOPT_AFTER_MS;
    for (const { service, leaseKey: key, ref, bindings } of this.#consumers.values()) {
      this.#changes.push(
        ...accountForTasks({
          service,
          leaseKey: key,
          document: this.#view,
          givenTo: (taskId) => this.#given.get(givenKey(taskId, key)),
          mayAdopt,
          nowMs: clock.now(),
          provider: ref.provider,
          epoch: recordedEpoch(ledger, bindings),
        }),
      );
    }
  }

  #plan(ledger: LedgerDocument): void {
    const current = new Map<string, CurrentValue>();
    for (const { service, leaseKey: key, bindings } of this.#consumers.values()) {
      const epoch = desiredEpoch({
        nowMs: this.#ports.clock.now(),
        service,
        entry: ledger.services[service.id] ?? NOTHING_OPEN,
        key: bindings[0]?.key ?? '',
        recorded: recordedEpoch(ledger, bindings),
        sets: this.#view.sets.filter((set) => set.serviceId === service.id && set.leaseKey === key),
        isLost: (generation) => this.#lost.has(generationKey(service.id, generation)),
        rolloutMs: this.#rolloutMs.get(service.name) ?? 0,
      });
      const revision = revisionOfEpoch(epoch);
      for (const { refKey } of bindings) {
        const before = this.#current.get(refKey);
        const value = { revision: tagRevision(refKey, revision), digest: revision, createdAtMs: null };
        current.set(refKey, before?.digest === revision ? before : value);
      }
    }
    this.#current = current;
  }

  #epochOf(serviceId: string, key: string, generation: number, entry: LedgerDocument['services'][string]): number {
    const consumer = this.#consumers.get(consumerId(serviceId, key));
    const binding = consumer?.bindings[0];
    const recorded = epochOf(binding && this.#current.get(binding.refKey));
    return epochOfGeneration(entry, binding?.key ?? '', generation, recorded);
  }

  /** Finds generations that no task uses, and forgets the values of sets that are gone. */
  #findUnused(ledger: LedgerDocument): void {
    const nowMs = this.#ports.clock.monotonic();
    const generations = new Map<string, Pick<LeaseSet, 'serviceId' | 'generation'>>();
    for (const of of [...this.#view.sets, ...this.#view.holders])
      generations.set(generationKey(of.serviceId, of.generation), of);
    for (const [key, { serviceId, generation }] of generations) {
      if (mayBeUsed(this.#services.get(serviceId), ledger, generation)) this.#unusedSince.delete(key);
      else if (!this.#unusedSince.has(key)) this.#unusedSince.set(key, nowMs);
    }
    for (const key of this.#unusedSince.keys()) if (!generations.has(key)) this.#unusedSince.delete(key);
    for (const key of this.#lost) if (!generations.has(key)) this.#lost.delete(key);
    this.#issuing.keepServices((serviceId) => this.#services.has(serviceId));
    const kept = new Set(this.#view.sets.map(({ id }) => id));
    for (const id of this.#held.keys()) if (!kept.has(id)) this.#held.delete(id);
    this.#issuing.keepHolders((serviceId, generation) =>
      this.#view.holders.some((holder) => isOfGeneration(holder, serviceId, generation)),
    );
  }

  async #renewAndRevoke(signal: AbortSignal): Promise<number> {
    const { clock } = this.#ports;
    if (this.#role !== 'leader' || this.#unusable !== null) return IDLE_MS;
    const nowMs = clock.monotonic();
    const renewed = new Map<string, number>();
    for (const set of this.#view.sets)
      if (set.renewalMs > 0 && set.leaseId !== null && !this.#hasEnded(set)) renewed.set(set.id, set.renewalMs);
    for (const holder of this.#view.holders) renewed.set(holderId(holder), holder.ttlMs);
    for (const key of this.#ending) renewed.delete(key);
    this.#renewals.keep(renewed, nowMs);
    const calls = [
      ...this.#renewals.due(nowMs).map((id) => () => this.#renew(id, signal)),
      ...this.#toRevoke(nowMs).map((work) => () => work(signal)),
    ];
    await mapConcurrently(calls, MAX_CALLS, (call) => call()).catch(() => undefined);
    const nextAtMs = Math.min(
      this.#renewals.nextAtMs,
      ...[...this.#unusedSince.values()].map((sinceMs) => sinceMs + this.#settings.revokeAfterMs),
      ...this.#revokeNotBefore.values(),
    );
    return Math.min(IDLE_MS, Math.max(500, nextAtMs - clock.monotonic()));
  }

  async #renew(id: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const holder = this.#view.holders.find((one) => holderId(one) === id);
    const set = this.#view.sets.find((one) => one.id === id);
    const of = holder ?? set;
    if (of === undefined) return;
    const askedMs = holder?.ttlMs ?? set?.renewalMs ?? 0;
    const isOwn = (one: LeaseSet) => (holder === undefined ? one.id === id : one.holder === holder.accessor);
    try {
      const { lifeMs, isLast } = await withDeadline(clock, CALL_DEADLINE_MS, signal, (own) =>
        this.#requestRenewal(of, holder, set, own),
      );
      this.#renewals.renewed(id, lifeMs, clock.monotonic());
      this.#failures.delete(id);
      if (isLast || lifeMs < askedMs * CUT) this.#change(endSets(isOwn, clock.now() + lifeMs));
      this.#ports.events.emit({ type: 'lease.renewed', provider: of.provider, service: this.#nameOf(of.serviceId) });
    } catch (cause) {
      if (signal.aborted) return;
      const error = ProviderError.from(cause, 'the lease was not renewed in time');
      this.#renewals.failed(id, clock.monotonic());
      this.#reportFailure('renew', id, of, error);
      // There is no such lease any more: only new credentials help.
      if (error.code === 'NOT_FOUND' && error.isProven) this.#change(endSets(isOwn, clock.now()));
    }
  }

  async #requestRenewal(
    { provider }: Pick<LeaseSet, 'provider'>,
    holder: StoredHolder | undefined,
    set: LeaseSet | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly lifeMs: number; readonly isLast: boolean }> {
    const { leases, holders } = await this.#ports.findProvider(provider);
    if (holder !== undefined && holders !== null)
      return { lifeMs: await holders.renew(holder.accessor, { signal }), isLast: false };
    if (set === undefined || set.leaseId === null || leases === null)
      throw new ProviderError('INVALID_REF', 'the provider issues no credentials any more');
    const { durationMs, renewable } = await leases.renew(set.leaseId, set.renewalMs, { signal });
    return { lifeMs: durationMs, isLast: !renewable };
  }

  /** The revocations that are due: of holders with all they own, and of leases without a holder. */
  #toRevoke(nowMs: number): readonly ((signal: AbortSignal) => Promise<void>)[] {
    const isDue = ({ serviceId, generation }: Pick<LeaseSet, 'serviceId' | 'generation'>, id: string) => {
      const sinceMs = this.#unusedSince.get(generationKey(serviceId, generation));
      const isOver = sinceMs !== undefined && nowMs - sinceMs >= this.#settings.revokeAfterMs;
      return isOver && nowMs >= (this.#revokeNotBefore.get(id) ?? 0);
    };
    const holders = this.#view.holders.filter((holder) => isDue(holder, holderId(holder)));
    const sets = this.#view.sets.filter((set) => set.holder === null && isDue(set, set.id));
    return [
      ...holders.map(
        (holder) => (signal: AbortSignal) =>
          this.#revoke(holder, holderId(holder), removeHolder(holder.accessor), signal, async (own) =>
            (await this.#ports.findProvider(holder.provider)).holders?.revoke(holder.accessor, { signal: own }),
          ),
      ),
      ...sets.map(
        (set) => (signal: AbortSignal) =>
          this.#revoke(set, set.id, removeSet(set.id), signal, async (own) => {
            const { leases } = await this.#ports.findProvider(set.provider);
            if (set.leaseId !== null) await leases?.revoke(set.leaseId, { signal: own });
          }),
      ),
    ];
  }

  async #revoke(
    of: LeaseSet | StoredHolder,
    id: string,
    change: LeaseChange,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const { clock, events } = this.#ports;
    // A task that starts from now on gets other credentials.
    for (const set of this.#view.sets) if (set.id === id || set.holder === accessorOf(of)) this.#held.delete(set.id);
    this.#ending.add(id);
    try {
      await withDeadline(clock, CALL_DEADLINE_MS, signal, work);
      this.#ending.delete(id);
      this.#failures.delete(id);
      this.#revokeNotBefore.delete(id);
      this.#change(change);
      const { provider, generation } = of;
      events.emit({ type: 'lease.revoked', provider, service: this.#nameOf(of.serviceId), generation });
    } catch (cause) {
      if (signal.aborted) return;
      this.#revokeNotBefore.set(id, clock.monotonic() + RETRY_REVOKE_MS);
      this.#reportFailure('revoke', id, of, ProviderError.from(cause, 'the lease was not revoked in time'));
    }
  }

  #reportFailure(
    operation: 'renew' | 'revoke',
    id: string,
    of: LeaseSet | StoredHolder,
    { code, message }: ProviderError,
  ): void {
    const service = this.#nameOf(of.serviceId);
    this.#failures.set(id, { service, message: `${operation}: ${message}` });
    this.#ports.events.emit({ type: 'lease.failed', operation, provider: of.provider, service, code, message });
  }

  #nameOf(serviceId: string): string {
    return this.#services.get(serviceId)?.name ?? serviceId;
  }

  #change(change: LeaseChange): void {
    this.#changes.push(change);
    this.#view = change(this.#view);
    this.#ports.onNews();
    this.#work.wake();
  }

  /** The values of those sets that have not ended, as far as this process has them. */
  #heldOf(sets: readonly LeaseSet[]): readonly Issued[] {
    return sets.flatMap((set) => (this.#hasEnded(set) ? [] : (this.#held.get(set.id) ?? [])));
  }

  #hasEnded({ endMs }: LeaseSet): boolean {
    return endMs !== null && endMs <= this.#ports.clock.now();
  }

  async #answer(
    issued: Issued,
    { ref, taskId = '', untilMs }: LeasedRequest,
    source: 'provider' | 'cache' = 'cache',
  ): Promise<LeasedAnswer> {
    const { clock } = this.#ports;
    const waitMs = issued.usableAtMs - clock.monotonic();
    if (waitMs > 0) {
      if (clock.monotonic() + waitMs >= untilMs)
        throw unavailable(ref, 'its new credential is withheld until it works everywhere');
      await new Promise<void>((resolve) => {
        clock.after(waitMs, resolve);
      });
    }
    const { set, payload } = issued;
    this.#given.set(givenKey(taskId, set.leaseKey), set.id);
    this.#unusedSince.delete(generationKey(set.serviceId, set.generation));
    return { kind: 'value', value: selectValue(payload, ref), revision: revisionOfEpoch(set.epoch), source };
  }

  async #untilObserved(ref: SecretRef, untilMs: number): Promise<void> {
    if (this.#isObserved) return;
    // Many requests come one after the other: none waits longer than the first one.
    this.#waitUntilMs ??= untilMs;
    const leftMs = Math.min(this.#waitUntilMs, untilMs) - this.#ports.clock.monotonic();
    try {
      if (leftMs <= 0) throw new DeadlineExceeded(0);
      await withDeadline(this.#ports.clock, leftMs, undefined, () => this.#observed.promise);
    } catch {
      throw unavailable(ref, 'the plugin has just started and does not know its leases yet');
    }
  }

  #ready(): void {
    this.#isObserved = true;
    this.#observed.resolve();
  }

  async #lookUp(taskId: string, untilMs: number): Promise<WorkloadTask | null> {
    const { clock, orchestrator } = this.#ports;
    const leftMs = Math.min(LOOK_UP_MS, untilMs - clock.monotonic());
    if (leftMs <= 0 || clock.monotonic() < this.#noLookupUntilMs) return null;
    try {
      return await withDeadline(clock, leftMs, undefined, (signal) => orchestrator.findTask(taskId, { signal }));
    } catch {
      this.#noLookupUntilMs = clock.monotonic() + LOOKUP_BACKOFF_MS;
      return null;
    }
  }
}

function unavailable(ref: SecretRef, reason: string): ProviderError {
  return new ProviderError('UNAVAILABLE', `${describeRef(ref)}: ${reason}`);
}

function consumersOf(services: readonly ServiceBindings[]): ReadonlyMap<string, Consumer> {
  const consumers = new Map<string, Consumer>();
  for (const { service, bindings } of services) {
    for (const binding of bindings) {
      const key = leaseKey(binding.ref);
      if (key === undefined) continue;
      const id = consumerId(service.id, key);
      const before = consumers.get(id)?.bindings ?? [];
      consumers.set(id, { service, leaseKey: key, ref: binding.ref, bindings: [...before, binding] });
    }
  }
  return consumers;
}

function tasksOf(consumers: ReadonlyMap<string, Consumer>): ReadonlyMap<string, WorkloadTask> {
  return new Map([...consumers.values()].flatMap(({ service }) => service.tasks.map((task) => [task.id, task])));
}

function recordedEpoch({ secrets }: LedgerDocument, bindings: readonly SecretBinding[]): number {
  return Math.max(0, ...bindings.map(({ key }) => epochOf(secrets[key])));
}

function consumerId(serviceId: string, key: string): string {
  return `${serviceId} ${key}`;
}

function generationKey(serviceId: string, generation: number): string {
  return `${serviceId} ${generation}`;
}

function givenKey(taskId: string, key: string): string {
  return `${taskId} ${key}`;
}

function holderId({ accessor }: Pick<StoredHolder, 'accessor'>): string {
  return `holder ${accessor}`;
}

function accessorOf(of: LeaseSet | StoredHolder): string | undefined {
  return 'accessor' in of ? of.accessor : undefined;
}

function isEmpty({ sets, holders }: LeaseDocument): boolean {
  return sets.length === 0 && holders.length === 0;
}
