import { TimeSlices } from '@vault-swarm/kernel';
import type { CallOptions, SecretRef } from '@vault-swarm/provider';
import { migrateKeys } from './bindings/key-migration.ts';
import type { Observation } from './bindings/observation.ts';
import {
  type ClusterBindings,
  type SecretBinding,
  type ServiceBindings,
  unboundKeys,
} from './bindings/secret-binding.ts';
import type { ClusterReader } from './cluster-reader.ts';
import type { Leases } from './leases/leases.ts';
import type { LedgerDocument } from './ledger/ledger.ts';
import { isOfRef, untagRevision } from './ledger/secret-version.ts';
import { ledgerAsStored, unusable } from './ledger/stored-ledger.ts';
import type { Lockdowns } from './manual/lockdown.ts';
import type { RequestPlanner } from './manual/manual-rotations.ts';
import type { RecordedRequests } from './manual/recorded-requests.ts';
import { readFailures } from './planner/failed-tasks.ts';
import { type Plan, plan } from './planner/plan.ts';
import type { PlanInput } from './planner/plan-input.ts';
import { RAMP_START, type Ramp } from './planner/ramp.ts';
import type { RolloutPace } from './planner/rollout-pace.ts';
import type { RolloutTracker } from './planner/rollout-tracker.ts';
import { AT_ONCE } from './planner/start-times.ts';
import type { FreshValues } from './polling/fresh-values.ts';
import type { ProviderHints } from './polling/provider-hints.ts';
import type { ProviderPoller } from './polling/provider-poller.ts';
import type { StalenessGuard } from './polling/staleness-guard.ts';
import type { RotationPorts, RotationSettings } from './ports/rotation-ports.ts';
import type { RollbackValues } from './serving/rollback-values.ts';
import type { StatusReporter } from './status/status-reporter.ts';
import type { DeliveryLog } from './tasks/delivery-log.ts';
import type { CurrentValue } from './tasks/task-revision.ts';

/** What a pass is planned with. */
interface PlannerParts {
  readonly ports: Pick<RotationPorts, 'clock' | 'orchestrator' | 'values'>;
  readonly cluster: ClusterReader;
  readonly deliveryLog: DeliveryLog;
  readonly poller: ProviderPoller;
  readonly staleness: StalenessGuard;
  readonly fresh: FreshValues;
  readonly rollouts: RolloutTracker;
  readonly lastGood: RollbackValues;
  readonly pace: RolloutPace;
  readonly leases: Leases;
  readonly status: StatusReporter;
  readonly lockdowns: Lockdowns;
  readonly hints: ProviderHints;
  readonly recorded: RecordedRequests;
}

/** Joins what this process knows, and plans with it: for the reconcile passes and for manual requests. */
export class PassPlanner implements RequestPlanner {
  /** By service id: why the orchestrator rejected its latest rollout. */
  readonly rejections = new Map<string, string>();
  /** How many services may roll at the same time now. */
  ramp: Ramp = RAMP_START;
  readonly #settings: RotationSettings;
  readonly #parts: PlannerParts;

  constructor(settings: RotationSettings, parts: PlannerParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  observe(options: CallOptions): Promise<Observation | null> {
    return this.#parts.cluster.observe(options);
  }

  poll(refs?: readonly SecretRef[]): Promise<void> {
    return this.#parts.poller.poll(refs);
  }

  /**
   * Takes over what an observation and its ledger say. Returns the ledger, or a first one if there is none. No decision is based on an unusable
   * ledger. But deliveries and the providers' values are still recorded, so that they are known once the ledger is
   * usable.
   */
  adopt(observed: Observation): LedgerDocument {
    const { startedAtMs, role, bindings, stored } = observed;
    const tasks = bindings.services.flatMap(({ service }) => service.tasks);
    this.#parts.deliveryLog.observe(tasks, role === 'leader', startedAtMs);
    const asStored = ledgerAsStored(stored, () => this.#parts.poller.keyOfFirstLedger());
    const found = migrateKeys(asStored, bindings.services);
    this.#parts.poller.useKeyOf(found);
    const ledger = this.#parts.hints.read(observed, this.#parts.lockdowns.read(observed, found));
    if (unusable(stored) === null) {
      for (const { key, ref, refKey } of this.#parts.staleness.read(ledger, bindings.services)) {
        const value = ledger.secrets[key];
        const isSeen = value !== undefined && isOfRef(value, refKey) && ref.pin === undefined;
        if (isSeen && ref.lease === undefined) this.#parts.ports.values.seen(ref, untagRevision(value.revision));
      }
      this.#parts.rollouts.observe(bindings.services, ledger);
    }
    this.#parts.poller.watch(bindings);
    this.#parts.poller.lead(role === 'leader');
    for (const { refKey } of this.#parts.recorded.elsewhere(observed, ledger)) {
      if (!this.#parts.leases.has(refKey)) this.#parts.fresh.requested(refKey);
    }
    this.#parts.deliveryLog.learnDigests();
    return ledger;
  }

  /**
   * What a reconcile pass with this ledger does.
   * @param slices the time slices of the pass or request.
   * @param leased the epochs that leased secrets must have, by ref key; by default those of this pass.
   */
  async plan(
    { bindings }: Pick<Observation, 'bindings'>,
    ledger: LedgerDocument,
    options: CallOptions,
    slices: TimeSlices,
    leased?: ReadonlyMap<string, CurrentValue>,
  ): Promise<Plan> {
    const failures = await this.#failures(bindings, ledger, options);
    const findings = this.findings();
    const current = once((key) => leased?.get(key) ?? findings.current(key));
    const input: PlanInput = {
      nowMs: this.#parts.ports.clock.now(),
      services: bindings.services,
      ledger,
      policy: this.#settings.policy,
      words: this.#parts.ports.orchestrator.words,
      startTimes: this.#settings.startTimes ?? AT_ONCE,
      watched: (serviceId, open) => this.#parts.rollouts.of(serviceId, open),
      stability: (serviceId) => this.#parts.rollouts.stability(serviceId),
      // A rollback issues new credentials.
      lastGood: (key, revision) =>
        this.#parts.leases.has(key) ? 'available' : this.#parts.lastGood.availability(key, revision),
      failures,
      pace: (serviceId) => this.#parts.pace.of(serviceId),
      leaseEndMs: (serviceId) => this.#parts.leases.endMs(serviceId),
      rejections: this.rejections,
      ramp: this.ramp,
      earlierUses: (serviceId) => this.#parts.status.plannedUses(serviceId),
      undeliverable: (key) => this.undeliverable(key),
      current,
      answered: (taskId, secretName) => {
        const values = findings.answered(taskId, secretName);
        return values.length > 0 ? values : this.#parts.leases.known(taskId, secretName);
      },
    };
    const planned = await plan(input, slices);
    const isOwnKeyGiven = this.#settings.digestKey !== null;
    return isOwnKeyGiven ? withoutOldKey(planned, bindings.services, current) : planned;
  }

  /** The time slices of a pass or request that starts now. */
  slices(options: CallOptions): TimeSlices {
    return new TimeSlices(this.#parts.ports.clock, options, this.#settings.maxSliceMs);
  }

  planRequested(observed: Observation, ledger: LedgerDocument, options: CallOptions): Promise<Plan> {
    const leased = this.#parts.leases.desired(observed.bindings.services, ledger);
    return this.plan(observed, ledger, options, this.slices(options), leased);
  }

  /** Why the provider delivers no value of a ref; `null` if it delivers one, or does not answer. */
  undeliverable(key: string): string | null {
    return this.#parts.leases.refusal(key) ?? this.#parts.poller.refusal(key)?.message ?? null;
  }

  /** What is known of the providers' values, and of the deliveries. */
  findings() {
    return {
      current: (key: string) => this.current(key),
      answered: (taskId: string, secretName: string) => this.#parts.deliveryLog.values(taskId, secretName),
    };
  }

  /** The newest value of a ref that a decision may be based on. */
  current(key: string): CurrentValue | undefined {
    return this.#parts.leases.has(key) ? this.#parts.leases.current(key) : this.#parts.fresh.current(key);
  }

  #failures({ services }: ClusterBindings, ledger: LedgerDocument, options: CallOptions) {
    const { orchestrator } = this.#parts.ports;
    const { stuckAfterMs } = this.#settings.policy;
    return readFailures({ services, ledger, orchestrator, rollouts: this.#parts.rollouts, stuckAfterMs }, options);
  }
}

/** Repeats the first answer for each key: a poll may end while a plan is made. */
function once<T>(find: (key: string) => T): (key: string) => T {
  const found = new Map<string, T>();
  return (key) => {
    if (!found.has(key)) found.set(key, find(key));
    return found.get(key) as T;
  };
}

/**
 * The plan without the ledger's own digest key. The key is removed once the operator has given another one and every
 * digest uses it. Until then, later processes need it to detect unchanged values.
 */
function withoutOldKey(planned: Plan, services: readonly ServiceBindings[], current: PlanInput['current']): Plan {
  const { ledger } = planned;
  if (ledger.digestKey === null) return planned;
  const isRead = ({ key, ref, refKey }: SecretBinding) =>
    ref.pin !== undefined || ledger.secrets[key] === undefined || current(refKey) !== undefined;
  const isAllRead = services.every(
    ({ service, bindings }) => bindings.every(isRead) && unboundKeys(service, bindings).length === 0,
  );
  return isAllRead ? { ...planned, ledger: { ...ledger, digestKey: null } } : planned;
}
