import { backoffMs, errorMessage, type TimeSlices, withDeadline } from '@vault-swarm/kernel';
import type { Observation } from './bindings/observation.ts';
import type { ClusterReader } from './cluster-reader.ts';
import type { Leases } from './leases/leases.ts';
import { serialiseLedger } from './ledger/codec.ts';
import type { LedgerDocument } from './ledger/ledger.ts';
import { mayWrite, unusable } from './ledger/stored-ledger.ts';
import type { Lockdowns } from './manual/lockdown.ts';
import type { RecordedRequests } from './manual/recorded-requests.ts';
import type { PassPlanner } from './pass-planner.ts';
import type { RollAction } from './planner/decision.ts';
import { RAMP_START } from './planner/ramp.ts';
import type { RolloutPace } from './planner/rollout-pace.ts';
import type { RolloutTracker } from './planner/rollout-tracker.ts';
import type { ProviderHints } from './polling/provider-hints.ts';
import type { ProviderPoller } from './polling/provider-poller.ts';
import type { StalenessGuard } from './polling/staleness-guard.ts';
import { type RollOptions, RolloutRejected } from './ports/orchestrator.ts';
import type { RotationPorts, RotationSettings } from './ports/rotation-ports.ts';
import type { RevisionSelector } from './serving/revision-selector.ts';
import type { RollbackValues } from './serving/rollback-values.ts';
import type { FailingServices } from './status/failing-services.ts';
import type { StatusReporter } from './status/status-reporter.ts';
import { LeaderHandover } from './tasks/leader-handover.ts';
import type { WiringGuard } from './wiring/wiring-guard.ts';

/** A reconcile pass is aborted after this time, so that a hanging orchestrator is noticed. */
const RECONCILE_DEADLINE_MS = 30_000;

/** While a rollout is open, its tasks are checked this often. */
const ROLLOUT_INTERVAL_MS = 500;

/** The pause after a failed pass. It doubles with each further failure, up to the interval. */
const FAILED_RETRY_MS = 1_000;

/** A hint that could not be passed on is tried again after this time. */
const HINT_RETRY_MS = 5_000;

/**
 * A service update is sent within this time after the observation that it is based on. A process or machine that was
 * suspended for longer may no longer lead. Another leader may have decided since, without any change of the service.
 */
const DECISION_HOLDS_MS = 10_000;

/** What the reconcile passes work with. */
interface ReconcilerParts {
  readonly ports: Pick<RotationPorts, 'clock' | 'events' | 'ledger' | 'orchestrator'>;
  readonly cluster: ClusterReader;
  readonly planner: PassPlanner;
  readonly recorded: RecordedRequests;
  readonly poller: ProviderPoller;
  readonly hints: ProviderHints;
  readonly lockdowns: Lockdowns;
  readonly leases: Leases;
  readonly selector: RevisionSelector;
  readonly lastGood: RollbackValues;
  readonly rollouts: RolloutTracker;
  readonly pace: RolloutPace;
  readonly staleness: StalenessGuard;
  readonly status: StatusReporter;
  readonly failing: FailingServices;
  readonly wiring: WiringGuard | null;
}

/** Runs the reconcile passes: each compares the desired with the actual revisions, writes the ledger, and rolls services. */
export class Reconciler {
  readonly #settings: Pick<RotationSettings, 'enabled' | 'intervalMs'>;
  readonly #parts: ReconcilerParts;
  /** Lets the next pass run soon. */
  readonly #wake: () => void;
  readonly #handover = new LeaderHandover();
  /** How many passes in a row have failed. */
  #failed = 0;

  constructor(settings: Pick<RotationSettings, 'enabled' | 'intervalMs'>, parts: ReconcilerParts, wake: () => void) {
    this.#settings = settings;
    this.#parts = parts;
    this.#wake = wake;
  }

  /** Runs one pass. Resolves to the milliseconds until the next one. */
  async run(stopping: AbortSignal): Promise<number> {
    const { clock, events } = this.#parts.ports;
    const startedAtMs = clock.monotonic();
    let nextMs = this.#settings.intervalMs;
    let orchestratorAnswered = false;
    try {
      await withDeadline(clock, RECONCILE_DEADLINE_MS, stopping, async (signal) => {
        const slices = this.#parts.planner.slices({ signal });
        const observed = await this.#parts.cluster.observe({ signal });
        if (observed === null) return;
        if (slices.isOver) await slices.next();
        if (observed.role !== 'worker') nextMs = await this.#act(observed, signal, slices);
        orchestratorAnswered = true;
        const services = observed.bindings.services.map(({ service }) => service);
        await this.#parts.failing.read(services, clock.monotonic(), { signal });
      });
    } catch (error) {
      if (!stopping.aborted) events.emit({ type: 'reconcile.failed', message: errorMessage(error) });
    }
    this.#failed = orchestratorAnswered ? 0 : this.#failed + 1;
    if (this.#failed > 0) nextMs = backoffMs(FAILED_RETRY_MS, nextMs, this.#failed - 1);
    if (!stopping.aborted) {
      events.emit({ type: 'reconcile.completed', durationMs: clock.monotonic() - startedAtMs, orchestratorAnswered });
    }
    return this.#parts.hints.isWaiting ? Math.min(HINT_RETRY_MS, nextMs) : nextMs;
  }

  /** Returns the milliseconds until the next pass. It comes soon if something is in progress. */
  async #act(observed: Observation, signal: AbortSignal, slices: TimeSlices): Promise<number> {
    const { ledger, events, clock } = this.#parts.ports;
    const { intervalMs } = this.#settings;
    const soonMs = Math.min(ROLLOUT_INTERVAL_MS, intervalMs);
    const { role, bindings, stored, mustRewrite, version } = observed;
    const hasLedger = stored.kind !== 'absent';
    const before = this.#parts.planner.adopt(observed);
    this.#parts.wiring?.observed({ ...observed, services: bindings.services, hasLedger, ledger: before });
    if (unusable(stored) !== null) {
      this.#parts.selector.goOn();
      return intervalMs;
    }
    await this.#parts.leases.observe(observed, before, { signal });
    if (await this.#parts.lockdowns.writePending(observed, before, signal)) {
      this.#wake();
      return soonMs;
    }
    if (role === 'standby' && (await this.#parts.hints.write(observed, before, { signal }))) {
      this.#wake();
      return soonMs;
    }
    if (role === 'leader') {
      for (const [provider, { hook }] of this.#parts.hints.due())
        this.#parts.poller.wake(provider, { by: 'hook', hook });
    }
    if (slices.isOver) await slices.next();
    this.#parts.selector.update(before, bindings.services, observed.startedAtMs);
    this.#parts.lastGood.keep(this.#parts.selector.named);
    this.#parts.pace.observe(before);
    if (slices.isOver) await slices.next();
    const next = await this.#parts.planner.plan(observed, before, { signal }, slices);
    if (slices.isOver) await slices.next();
    this.#parts.status.planned(next);
    this.#parts.pace.planned(new Set(next.services.flatMap(({ serviceId, isDue }) => (isDue ? [serviceId] : []))));
    if (role === 'standby') await this.#recordHandover(observed, before, signal);
    if (role !== 'leader') this.#parts.planner.ramp = RAMP_START;
    if (role !== 'leader' || !this.#settings.enabled) return intervalMs;
    if (slices.isOver) await slices.next();
    if (next.ledger !== before || mustRewrite) {
      const outcome = await ledger.compareAndSet(version, serialiseLedger(next.ledger), { signal });
      if (outcome !== 'applied') {
        this.#wake();
        return soonMs;
      }
      this.#parts.staleness.wrote(next.ledger);
      this.#parts.recorded.wrote(next.ledger);
      this.#parts.selector.update(next.ledger, bindings.services, clock.monotonic());
      this.#parts.lastGood.keep(this.#parts.selector.named);
      this.#parts.rollouts.observe(bindings.services, next.ledger, true);
      this.#parts.planner.rejections.clear();
    }
    this.#parts.planner.ramp = next.ramp;
    for (const event of next.events) {
      events.emit(event);
      this.#parts.status.happened(event, clock.now());
      if (event.type === 'rollout.completed') this.#parts.leases.rolledOut(event.service, event.durationMs);
    }
    const isDue = () => clock.monotonic() - observed.startedAtMs <= DECISION_HOLDS_MS;
    const rolling: Promise<void>[] = [];
    for (const roll of next.rolls) {
      const rolled = this.#roll(roll, next.ledger, { signal, isDue });
      // It rejects only if the pass is aborted, and that may be before the last one is started.
      rolled.catch(() => undefined);
      rolling.push(rolled);
      if (slices.isOver) await slices.next();
    }
    await Promise.all(rolling);
    const isOpen = Object.values(next.ledger.services).some(
      ({ rollout }) => rollout !== null && rollout.state !== 'failed',
    );
    const waits = next.services.some(({ waitingReason, blocked, resumesAtMs }) => {
      return waitingReason !== null && !blocked && resumesAtMs === null;
    });
    if (next.rolls.length > 0 || isOpen || waits) return soonMs;
    const untilDueMs = next.services.flatMap(({ resumesAtMs }) => resumesAtMs ?? []).map((atMs) => atMs - clock.now());
    return Math.max(soonMs, Math.min(intervalMs, this.#parts.leases.untilNextMs, ...untilDueMs));
  }

  /** Records this former leader's deliveries for the new leader, as far as the ledger lacks them. */
  async #recordHandover(observed: Observation, before: LedgerDocument, signal: AbortSignal): Promise<void> {
    const { bindings, version } = observed;
    if (version === null || !mayWrite(observed)) return;
    const next = this.#handover.note({
      services: bindings.services,
      ledger: before,
      ...this.#parts.planner.findings(),
    });
    if (next === before) return;
    const outcome = await this.#parts.ports.ledger.compareAndSet(version, serialiseLedger(next), { signal });
    if (outcome === 'applied') this.#handover.written();
  }

  async #roll(action: RollAction, ledger: LedgerDocument, options: RollOptions): Promise<void> {
    const { orchestrator, events } = this.#parts.ports;
    try {
      // Without its credentials no task of the new generation would start. The next pass tries again.
      if (!(await this.#parts.leases.prepare(action, ledger, options))) return;
      const outcome = await orchestrator.roll(action.serviceId, action.version, action.generation, options);
      this.#parts.rollouts.rolled(action.serviceId, action.generation, outcome);
      this.#parts.wiring?.rolled(action.serviceId, action.generation, outcome);
      if (outcome !== 'applied') events.emit({ type: 'rollout.conflict', service: action.serviceName, outcome });
    } catch (error) {
      if (!(error instanceof RolloutRejected))
        this.#parts.rollouts.rolled(action.serviceId, action.generation, 'unknown');
      options.signal.throwIfAborted();
      if (error instanceof RolloutRejected) this.#parts.planner.rejections.set(action.serviceId, error.message);
      else events.emit({ type: 'orchestrator.failed', operation: 'roll', message: errorMessage(error) });
    }
  }
}
