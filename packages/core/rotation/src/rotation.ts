import { backoffMs, errorMessage, withDeadline } from '@vault-swarm/kernel';
import {
  AccessGuard,
  ALLOW_ALL,
  type CallOptions,
  type DeliveryRecord,
  type IneffectiveRule,
  type LeasedAnswer,
  type LeasedRequest,
  type LeasedValues,
  type RevisionRequest,
  type RevisionSelection,
} from '@vault-swarm/provider';
import type { Observation } from './bindings/observation.ts';
import { type ClusterBindings, type SecretBinding, unboundKeys } from './bindings/secret-binding.ts';
import { ClusterReader } from './cluster-reader.ts';
import { Leases } from './leases/leases.ts';
import { serialiseLedger } from './ledger/codec.ts';
import type { LedgerDocument, Lockdown } from './ledger/ledger.ts';
import { MemoryLedgerStore } from './ledger/memory-ledger-store.ts';
import { mayWrite, unusable } from './ledger/stored-ledger.ts';
import { Lockdowns, type LocksDown } from './manual/lockdown.ts';
import { ManualRotations } from './manual/manual-rotations.ts';
import { RecordedRequests } from './manual/recorded-requests.ts';
import { PassPlanner } from './pass-planner.ts';
import type { RollAction } from './planner/decision.ts';
import type { Plan } from './planner/plan.ts';
import { RAMP_START } from './planner/ramp.ts';
import { RolloutPace } from './planner/rollout-pace.ts';
import { RolloutTracker } from './planner/rollout-tracker.ts';
import { FreshValues } from './polling/fresh-values.ts';
import type { ProviderHealthCheck } from './polling/provider-health-check.ts';
import { ProviderHints } from './polling/provider-hints.ts';
import { ProviderPoller } from './polling/provider-poller.ts';
import { StalenessGuard } from './polling/staleness-guard.ts';
import type { AcceptsHints } from './ports/accepts-hints.ts';
import {
  type ManualRotation,
  type PlannedService,
  type PreviewRequest,
  type RequestedService,
  type RotateRequest,
  RotationRejected,
} from './ports/manual-rotation.ts';
import { type RollOptions, RolloutRejected } from './ports/orchestrator.ts';
import type { LeaseSettings, RotationPorts, RotationSettings } from './ports/rotation-ports.ts';
import { RevisionSelector } from './serving/revision-selector.ts';
import { RollbackValues } from './serving/rollback-values.ts';
import { FailingServices } from './status/failing-services.ts';
import type { RefusedDelivery } from './status/refused-deliveries.ts';
import type { RotationStatus } from './status/status.ts';
import { StatusReporter } from './status/status-reporter.ts';
import { UnusedRules } from './status/unused-rules.ts';
import { DeliveryLog } from './tasks/delivery-log.ts';
import { LeaderHandover } from './tasks/leader-handover.ts';
import { Ticker } from './ticker.ts';
import { checkPorts } from './wiring/check-ports.ts';
import { safeEvents } from './wiring/safe-events.ts';
import { WiringGuard } from './wiring/wiring-guard.ts';

const DEFAULT_LEASES: LeaseSettings = { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 };

/** A reconcile pass is aborted after this time, so that a hanging orchestrator is noticed. */
const RECONCILE_DEADLINE_MS = 30_000;

/** While a rollout is open, its tasks are checked this often. */
const ROLLOUT_INTERVAL_MS = 500;

/** The pause after a failed pass. It doubles with each further failure, up to the interval. */
const FAILED_RETRY_MS = 1_000;

/** A hint that could not be passed on is tried again after this time. */
const HINT_RETRY_MS = 5_000;

/** After this time another node may have led in between: an election takes at least 11 s (seen on 20.10). */
const LEADERSHIP_VALID_MS = 20_000;

/**
 * A service update is sent within this time after the observation that it is based on. A process or machine that was
 * suspended for longer may no longer lead. Another leader may have decided since, without any change of the service.
 */
const DECISION_HOLDS_MS = 10_000;

/**
 * Keeps every task of every service on its provider's current revision. Two kinds of loops run in parallel. One loop
 * per provider finds the current revisions. One loop compares them with the actual revisions, writes the ledger, and
 * rolls services. A provider that hangs delays neither the other providers nor the comparison.
 */
export class Rotation implements ManualRotation, LocksDown, AcceptsHints, LeasedValues {
  readonly #settings: RotationSettings;
  readonly #ports: Required<RotationPorts>;
  readonly #deliveryLog: DeliveryLog;
  readonly #poller: ProviderPoller;
  readonly #passes: Ticker;
  /** How many passes in a row have failed. */
  #failedPasses = 0;
  readonly #statusReporter: StatusReporter;
  readonly #cluster: ClusterReader;
  readonly #intended: RevisionSelector;
  readonly #lastGood: RollbackValues;
  readonly #rollouts: RolloutTracker;
  readonly #failing: FailingServices;
  readonly #pace: RolloutPace;
  readonly #staleness: StalenessGuard;
  readonly #fresh: FreshValues;
  readonly #planner: PassPlanner;
  readonly #requests: ManualRotations;
  readonly #lockdowns: Lockdowns;
  readonly #providerHints: ProviderHints;
  readonly #leases: Leases;
  readonly #wiring: WiringGuard | null;
  readonly #unusedRules: UnusedRules;
  readonly #handover = new LeaderHandover();
  readonly #unsubscribe: (() => void)[] = [];

  /** @throws {TypeError} names the setting or the port that is wrong. */
  constructor(settings: RotationSettings, given: RotationPorts) {
    checkPorts(settings, given);
    const ports = {
      access: new AccessGuard(ALLOW_ALL),
      leaseLedger: new MemoryLedgerStore(),
      ...given,
      events: safeEvents(given.events),
    };
    const { clock, random } = ports;
    this.#settings = settings;
    this.#ports = ports;
    const leadershipValidMs = Math.max(LEADERSHIP_VALID_MS, 2 * settings.intervalMs);
    this.#deliveryLog = new DeliveryLog(clock, leadershipValidMs, (value) => this.#poller.digest(value));
    const { formerDigestKey = null } = settings;
    this.#poller = new ProviderPoller(ports, { ...settings, formerDigestKey, onNews: () => this.#passes.wake() });
    this.#passes = new Ticker(clock, random, (signal) => this.#pass(signal));
    this.#providerHints = new ProviderHints({ ...ports, wake: () => this.#passes.wake() });
    this.#rollouts = new RolloutTracker(clock);
    this.#failing = new FailingServices(ports.orchestrator, (id) => this.#rollouts.stability(id).stableForMs);
    this.#statusReporter = new StatusReporter(settings.enabled, ports, this.#failing);
    this.#unusedRules = new UnusedRules(clock, ports.access, () => this.#statusReporter.consumers());
    this.#cluster = new ClusterReader(ports, this.#statusReporter);
    this.#intended = new RevisionSelector({ ...ports, current: (key) => this.#poller.current(key) });
    this.#lastGood = new RollbackValues(ports.values, clock, () => this.#passes.wake());
    this.#pace = new RolloutPace(clock);
    this.#leases = new Leases(settings.leases ?? DEFAULT_LEASES, { ...ports, onNews: () => this.#passes.wake() });
    this.#staleness = new StalenessGuard(clock);
    const { intervalMs } = settings;
    this.#fresh = new FreshValues({ clock, intervalMs, poller: this.#poller, staleness: this.#staleness });
    const { checksWiring = true, policy } = settings;
    this.#wiring = checksWiring
      ? new WiringGuard({ ...ports, stuckAfterMs: policy.stuckAfterMs, leadershipValidMs })
      : null;
    const recorded = new RecordedRequests();
    this.#lockdowns = new Lockdowns({
      ...ports,
      observe: (options) => this.#cluster.observe(options),
      adopt: (observed) => this.#planner.adopt(observed),
      orchestratorName: ports.orchestrator.displayName,
      onChange: () => this.#lockdownChanged(),
    });
    this.#planner = new PassPlanner(settings, {
      ...{ ports, recorded, cluster: this.#cluster, deliveryLog: this.#deliveryLog, poller: this.#poller },
      ...{ staleness: this.#staleness, fresh: this.#fresh, rollouts: this.#rollouts, lastGood: this.#lastGood },
      ...{ pace: this.#pace, leases: this.#leases, status: this.#statusReporter },
      ...{ lockdowns: this.#lockdowns, hints: this.#providerHints },
    });
    this.#requests = new ManualRotations({
      ...ports,
      planner: this.#planner,
      recorded,
      maxRestarts: settings.policy.maxParallel,
      onWritten: (ledger, services) => this.#intended.update(ledger, services),
    });
  }

  /** Starts to poll and to reconcile. */
  start(): void {
    this.#wiring?.start();
    this.#unsubscribe.push(this.#ports.changes.onChange(() => this.#passes.wake()));
    this.#unsubscribe.push(this.#ports.access.onChange(() => this.#passes.wake()));
    this.#poller.start();
    this.#passes.wake();
  }

  /**
   * The health checks of the providers without polled secrets.
   *
   * @param onAnswer is called with the name of a provider that answered a check.
   */
  healthCheck(onAnswer: (provider: string) => void): ProviderHealthCheck {
    return this.#poller.healthCheck(onAnswer);
  }

  /** Stops all loops; resolves when nothing is in flight any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#lastGood.close();
    this.#providerHints.close();
    await Promise.all([this.#passes.stop(), this.#poller.stop(), this.#leases.stop()]);
  }

  /**
   * The revision for a task that requests a secret: see {@link RevisionSelector}. Most requests are answered at once,
   * all others by `untilMs`. Never rejects.
   */
  choose(asked: RevisionRequest): RevisionSelection | Promise<RevisionSelection> {
    this.#wiring?.chosen(asked.taskId);
    return this.#intended.choose(asked);
  }

  /** The credential of a task's generation: see {@link Leases.deliver}. */
  deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    return this.#leases.deliver(request);
  }

  /**
   * Records what a task was given: see {@link DeliveryLog}. A revision that the latest poll did not see suggests a
   * change, so the provider is polled. The delivery must also get into the ledger soon.
   */
  record(delivered: DeliveryRecord): void {
    const { taskId, secretName, provider, refKey: key, revision } = delivered;
    this.#statusReporter.refusals.delivered(secretName);
    if (taskId === undefined) return;
    this.#deliveryLog.record(taskId, delivered);
    // The account of what the task has must be written soon.
    const isLeased = this.#leases.has(key);
    if (!isLeased) this.#wiring?.recorded();
    if (!isLeased && this.#poller.of(provider)?.current(key)?.revision === revision) return;
    this.#passes.wake();
    if (isLeased) return;
    this.#fresh.delivered(delivered, this.#intended.named.get(key)?.revisions.has(revision) === true);
  }

  /** Records why a task did not get a secret, for the status. */
  refused(refusal: RefusedDelivery): void {
    this.#statusReporter.refusals.refused(refusal);
  }

  async rotate(request: RotateRequest, options: CallOptions): Promise<readonly RequestedService[]> {
    this.#refuseIfDisabled();
    const services = await this.#requests.take(request, options);
    this.#passes.wake();
    return services;
  }

  async preview(request: PreviewRequest, options: CallOptions): Promise<readonly PlannedService[]> {
    this.#refuseIfDisabled();
    return this.#requests.preview(request, options);
  }

  hint(provider: string, hook: string): void {
    this.#providerHints.receive(provider, hook);
  }

  async lockdown(active: boolean, options: CallOptions): Promise<Lockdown | null> {
    const lockdown = await this.#lockdowns.request(active, options);
    this.#passes.wake();
    return lockdown;
  }

  /** The status as of the latest reconcile pass. */
  status(): RotationStatus {
    const { role } = this.#cluster;
    const polledOf = (provider: string) => this.#poller.of(provider);
    const nowMs = this.#ports.clock.now();
    return this.#statusReporter.status(role, this.#lockdowns.active, polledOf, nowMs, this.#leases.report());
  }

  /** The rules of the access policy without effect in this cluster; none before it was observed. */
  unusedRules(): readonly IneffectiveRule[] {
    return this.#unusedRules.list();
  }

  #lockdownChanged(): void {
    this.#lastGood.reset();
    this.#leases.lockDown(this.#lockdowns.active !== null);
  }

  #refuseIfDisabled(): void {
    if (this.#settings.enabled) return;
    const { disabledAdvice = 'set enabled in its settings' } = this.#settings;
    throw new RotationRejected('DISABLED', `the rotation is turned off; ${disabledAdvice}`);
  }

  async #pass(stopping: AbortSignal): Promise<number> {
    const { clock, events } = this.#ports;
    const startedAtMs = clock.monotonic();
    let nextMs = this.#settings.intervalMs;
    let orchestratorAnswered = false;
    try {
      await withDeadline(clock, RECONCILE_DEADLINE_MS, stopping, async (signal) => {
        const observed = await this.#cluster.observe({ signal });
        if (observed === null) return;
        if (observed.role !== 'worker') nextMs = await this.#act(observed, signal);
        orchestratorAnswered = true;
        const services = observed.bindings.services.map(({ service }) => service);
        await this.#failing.read(services, clock.monotonic(), { signal });
      });
    } catch (error) {
      if (!stopping.aborted) events.emit({ type: 'reconcile.failed', message: errorMessage(error) });
    }
    this.#failedPasses = orchestratorAnswered ? 0 : this.#failedPasses + 1;
    if (this.#failedPasses > 0) nextMs = backoffMs(FAILED_RETRY_MS, nextMs, this.#failedPasses - 1);
    if (!stopping.aborted) {
      events.emit({ type: 'reconcile.completed', durationMs: clock.monotonic() - startedAtMs, orchestratorAnswered });
    }
    return this.#providerHints.isWaiting ? Math.min(HINT_RETRY_MS, nextMs) : nextMs;
  }

  /** Returns the milliseconds until the next pass. It comes soon if something is in progress. */
  async #act(observed: Observation, signal: AbortSignal): Promise<number> {
    const { ledger, events, clock } = this.#ports;
    const { intervalMs } = this.#settings;
    const soonMs = Math.min(ROLLOUT_INTERVAL_MS, intervalMs);
    const { role, bindings, stored, mustRewrite, version } = observed;
    const hasLedger = stored.kind !== 'absent';
    const before = this.#planner.adopt(observed);
    this.#wiring?.observed({ ...observed, services: bindings.services, hasLedger, ledger: before });
    if (unusable(stored) !== null) {
      this.#intended.goOn();
      return intervalMs;
    }
    await this.#leases.observe(observed, before, { signal });
    if (await this.#lockdowns.writePending(observed, before, signal)) {
      this.#passes.wake();
      return soonMs;
    }
    if (role === 'standby' && (await this.#providerHints.write(observed, before, { signal }))) {
      this.#passes.wake();
      return soonMs;
    }
    if (role === 'leader') {
      for (const [provider, { hook }] of this.#providerHints.due()) this.#poller.wake(provider, { by: 'hook', hook });
    }
    this.#intended.update(before, bindings.services);
    this.#lastGood.keep(this.#intended.named);
    this.#pace.observe(before);
    const planned = await this.#planner.plan(observed, before, { signal });
    const next = this.#withoutOldKey(planned, bindings);
    this.#statusReporter.planned(next);
    this.#pace.planned(new Set(next.services.flatMap(({ serviceId, isDue }) => (isDue ? [serviceId] : []))));
    if (role === 'standby') await this.#recordHandover(observed, before, signal);
    if (role !== 'leader') this.#planner.ramp = RAMP_START;
    if (role !== 'leader' || !this.#settings.enabled) return intervalMs;
    if (next.ledger !== before || mustRewrite) {
      const outcome = await ledger.compareAndSet(version, serialiseLedger(next.ledger), { signal });
      if (outcome !== 'applied') {
        this.#passes.wake();
        return soonMs;
      }
      this.#staleness.wrote(next.ledger);
      this.#intended.update(next.ledger, bindings.services);
      this.#lastGood.keep(this.#intended.named);
      this.#rollouts.observe(bindings.services, next.ledger, true);
      this.#planner.rejections.clear();
    }
    this.#planner.ramp = next.ramp;
    for (const event of next.events) {
      events.emit(event);
      this.#statusReporter.happened(event, clock.now());
      if (event.type === 'rollout.completed') this.#leases.rolledOut(event.service, event.durationMs);
    }
    const isDue = () => clock.monotonic() - observed.startedAtMs <= DECISION_HOLDS_MS;
    await Promise.all(next.rolls.map((roll) => this.#roll(roll, next.ledger, { signal, isDue })));
    const isOpen = Object.values(next.ledger.services).some(
      ({ rollout }) => rollout !== null && rollout.state !== 'failed',
    );
    const waits = next.services.some(({ waitingReason, blocked, resumesAtMs }) => {
      return waitingReason !== null && !blocked && resumesAtMs === null;
    });
    if (next.rolls.length > 0 || isOpen || waits) return soonMs;
    const untilDueMs = next.services.flatMap(({ resumesAtMs }) => resumesAtMs ?? []).map((atMs) => atMs - clock.now());
    return Math.max(soonMs, Math.min(intervalMs, this.#leases.untilNextMs, ...untilDueMs));
  }

  /** Records this former leader's deliveries for the new leader, as far as the ledger lacks them. */
  async #recordHandover(observed: Observation, before: LedgerDocument, signal: AbortSignal): Promise<void> {
    const { bindings, version } = observed;
    if (version === null || !mayWrite(observed)) return;
    const next = this.#handover.note({ services: bindings.services, ledger: before, ...this.#planner.findings() });
    if (next === before) return;
    const outcome = await this.#ports.ledger.compareAndSet(version, serialiseLedger(next), { signal });
    if (outcome === 'applied') this.#handover.written();
  }

  /**
   * The plan without the ledger's own digest key. The key is removed once the operator has given another one and every
   * digest uses it. Until then, later processes need it to detect unchanged values.
   */
  #withoutOldKey(planned: Plan, { services }: ClusterBindings): Plan {
    const { ledger } = planned;
    if (this.#settings.digestKey === null || ledger.digestKey === null) return planned;
    const isRead = ({ key, ref, refKey }: SecretBinding) =>
      ref.pin !== undefined || ledger.secrets[key] === undefined || this.#planner.current(refKey) !== undefined;
    const isAllRead = services.every(
      ({ service, bindings: read }) => read.every(isRead) && unboundKeys(service, read).length === 0,
    );
    return isAllRead ? { ...planned, ledger: { ...ledger, digestKey: null } } : planned;
  }

  async #roll(action: RollAction, ledger: LedgerDocument, options: RollOptions): Promise<void> {
    const { orchestrator, events } = this.#ports;
    try {
      // Without its credentials no task of the new generation would start. The next pass tries again.
      if (!(await this.#leases.prepare(action, ledger, options))) return;
      const outcome = await orchestrator.roll(action.serviceId, action.version, action.generation, options);
      this.#rollouts.rolled(action.serviceId, action.generation, outcome);
      this.#wiring?.rolled(action.serviceId, action.generation, outcome);
      if (outcome !== 'applied') events.emit({ type: 'rollout.conflict', service: action.serviceName, outcome });
    } catch (error) {
      if (!(error instanceof RolloutRejected)) this.#rollouts.rolled(action.serviceId, action.generation, 'unknown');
      options.signal.throwIfAborted();
      if (error instanceof RolloutRejected) this.#planner.rejections.set(action.serviceId, error.message);
      else events.emit({ type: 'orchestrator.failed', operation: 'roll', message: errorMessage(error) });
    }
  }
}
