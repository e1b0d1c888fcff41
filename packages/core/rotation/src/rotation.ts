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
import { ClusterReader } from './cluster-reader.ts';
import { Leases } from './leases/leases.ts';
import type { Lockdown } from './ledger/ledger.ts';
import { MemoryLedgerStore } from './ledger/memory-ledger-store.ts';
import { Lockdowns, type LocksDown } from './manual/lockdown.ts';
import { ManualRotations } from './manual/manual-rotations.ts';
import { RecordedRequests } from './manual/recorded-requests.ts';
import { PassPlanner } from './pass-planner.ts';
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
import type { LeaseSettings, RotationPorts, RotationSettings } from './ports/rotation-ports.ts';
import { Reconciler } from './reconciler.ts';
import { RevisionSelector } from './serving/revision-selector.ts';
import { RollbackValues } from './serving/rollback-values.ts';
import { FailingServices } from './status/failing-services.ts';
import type { RefusedDelivery } from './status/refused-deliveries.ts';
import type { RotationStatus } from './status/status.ts';
import { StatusReporter } from './status/status-reporter.ts';
import { UnusedRules } from './status/unused-rules.ts';
import { DeliveryLog } from './tasks/delivery-log.ts';
import { Ticker } from './ticker.ts';
import { checkPorts } from './wiring/check-ports.ts';
import { safeEvents } from './wiring/safe-events.ts';
import { WiringGuard } from './wiring/wiring-guard.ts';

const DEFAULT_LEASES: LeaseSettings = { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 };

/** After this time another node may have led in between: an election takes at least 11 s (seen on 20.10). */
const LEADERSHIP_VALID_MS = 20_000;

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
  readonly #reconciler: Reconciler;
  readonly #statusReporter: StatusReporter;
  readonly #cluster: ClusterReader;
  readonly #intended: RevisionSelector;
  readonly #lastGood: RollbackValues;
  readonly #fresh: FreshValues;
  readonly #planner: PassPlanner;
  readonly #requests: ManualRotations;
  readonly #lockdowns: Lockdowns;
  readonly #providerHints: ProviderHints;
  readonly #leases: Leases;
  readonly #wiring: WiringGuard | null;
  readonly #unusedRules: UnusedRules;
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
    this.#passes = new Ticker(clock, random, (signal) => this.#reconciler.run(signal));
    this.#providerHints = new ProviderHints({ ...ports, wake: () => this.#passes.wake() });
    const rollouts = new RolloutTracker(clock);
    const failing = new FailingServices(ports.orchestrator, (id) => rollouts.stability(id).stableForMs);
    this.#statusReporter = new StatusReporter(settings.enabled, ports, failing);
    this.#unusedRules = new UnusedRules(clock, ports.access, () => this.#statusReporter.consumers());
    this.#cluster = new ClusterReader(ports, this.#statusReporter);
    this.#intended = new RevisionSelector({ ...ports, current: (key) => this.#poller.current(key) });
    this.#lastGood = new RollbackValues(ports.values, clock, () => this.#passes.wake());
    const pace = new RolloutPace(clock);
    this.#leases = new Leases(settings.leases ?? DEFAULT_LEASES, { ...ports, onNews: () => this.#passes.wake() });
    const staleness = new StalenessGuard(clock);
    const { intervalMs } = settings;
    this.#fresh = new FreshValues({ clock, intervalMs, poller: this.#poller, staleness });
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
      ...{ staleness, fresh: this.#fresh, rollouts, lastGood: this.#lastGood },
      ...{ pace, leases: this.#leases, status: this.#statusReporter },
      ...{ lockdowns: this.#lockdowns, hints: this.#providerHints },
    });
    this.#reconciler = new Reconciler(
      settings,
      {
        ...{ ports, recorded, cluster: this.#cluster, planner: this.#planner, poller: this.#poller },
        ...{
          hints: this.#providerHints,
          lockdowns: this.#lockdowns,
          leases: this.#leases,
          selector: this.#intended,
          lastGood: this.#lastGood,
        },
        ...{ rollouts, pace, staleness, status: this.#statusReporter, failing, wiring: this.#wiring },
      },
      () => this.#passes.wake(),
    );
    this.#requests = new ManualRotations({
      ...ports,
      planner: this.#planner,
      recorded,
      maxRestarts: settings.policy.maxParallel,
      onWritten: (ledger, services) => this.#intended.update(ledger, services, clock.monotonic()),
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
   * change, so the provider is polled. The delivery must also get into the ledger soon. But while the first poll of the
   * ref is due or in flight, a pass could decide nothing, and the end of that poll starts one.
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
    if (isLeased || this.#poller.hasFindings(key)) this.#passes.wake();
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
}
