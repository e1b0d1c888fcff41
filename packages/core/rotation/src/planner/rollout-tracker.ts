import type { Clock } from '@vault-swarm/kernel';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { isOfRollout, type LedgerDocument, NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import type { FailedTask, Workload, WriteOutcome } from '../ports/orchestrator.ts';

/** What this process has seen of an open rollout. */
export interface TrackedRollout {
  /** For how long it has seen the current attempt in its current state, intended or applied. In milliseconds. */
  readonly forMs: number;
  /** Whether it saw the update applied. */
  readonly applied: boolean;
  /** Whether it saw the orchestrator roll the applied update back. A later update of the service hides that. */
  readonly rolledBack: boolean;
  /** Whether it has observed without a gap since then. Without a gap, it has seen every failed task. */
  readonly continuouslyObserved: boolean;
  /** Whether this process started the rollout and each attempt of it. */
  readonly startedByThisProcess: boolean;
  /** Whether the update was certainly not made, because another one was first. */
  readonly overtaken: boolean;
}

/** For how long this process has seen a service unchanged, in milliseconds. */
export interface Stability {
  /** The service object. */
  readonly unchangedForMs: number;
  /** The same tasks, all of them running; 0 if one does not run. */
  readonly stableForMs: number;
}

/** Nothing was seen. */
export const NOT_TRACKED: TrackedRollout = {
  forMs: 0,
  applied: false,
  rolledBack: false,
  continuouslyObserved: false,
  startedByThisProcess: false,
  overtaken: false,
};

/**
 * The orchestrator keeps some failed tasks of each slot, and restarts a failed task after some seconds. A longer gap
 * may hide one.
 */
const MAX_GAP_MS = 5_000;

interface Watched {
  readonly generation: number;
  readonly attempt: number;
  /** Monotonic milliseconds. */
  sinceMs: number;
  applied: boolean;
  rolledBack: boolean;
  continuouslyObserved: boolean;
  seenAtMs: number;
  readonly startedByThisProcess: boolean;
  /** Whether its update may have been made, or may still be made, although no answer confirmed it. */
  uncertain: boolean;
  overtaken: boolean;
  /** By task. */
  readonly failures: Map<string, FailedTask>;
}

/** Times are monotonic milliseconds. */
interface Steady {
  readonly version: number;
  readonly sinceMs: number;
  /** The running tasks; `null` if one does not run. */
  readonly tasks: string | null;
  readonly stableSinceMs: number;
}

/**
 * What this process has seen of the open rollouts, and how long the services have been stable. The times in the ledger
 * come from clocks that may jump, and from other machines. So waiting times are measured here. Failed tasks that the
 * orchestrator forgets are kept here.
 */
export class RolloutTracker {
  readonly #clock: Clock;
  /** By service. */
  #watched = new Map<string, Watched>();
  /** By service. */
  #steady = new Map<string, Steady>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Records the open rollouts and the state of the services.
   * @param isOwn whether this process has just written the ledger. If so, it started what is new in it.
   */
  observe(services: readonly ServiceBindings[], ledger: LedgerDocument, isOwn = false): void {
    const watched = new Map<string, Watched>();
    const steady = new Map<string, Steady>();
    for (const { service } of services) {
      const { id, generation, rollout } = service;
      steady.set(id, this.#stabilitySince(service));
      const entry = ledger.services[id] ?? NOTHING_OPEN;
      const open = entry.rollout;
      if (open === null) continue;
      const followed = this.#follow(id, isOfRollout(entry, generation), open, isOwn);
      const isRolledBack = rollout.state === 'rolling-back' || rollout.state === 'rolled-back';
      if (followed.applied && isRolledBack && generation < open.generation) followed.rolledBack = true;
      watched.set(id, followed);
    }
    this.#watched = watched;
    this.#steady = steady;
  }

  /** Records how this process's own update of the service to a generation ended. */
  rolled(serviceId: string, generation: number, outcome: WriteOutcome): void {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation !== generation) return;
    if (outcome === 'applied') this.#seenApplied(watched);
    if (outcome === 'unknown') watched.uncertain = true;
    watched.overtaken =
      outcome === 'conflict' && watched.startedByThisProcess && !watched.applied && !watched.uncertain;
  }

  /** Adds the failed tasks that the orchestrator reports now, and returns all that were ever seen. */
  failures(serviceId: string, now: readonly FailedTask[]): readonly FailedTask[] {
    const seen = this.#watched.get(serviceId)?.failures;
    if (seen === undefined) return now;
    for (const failure of now) seen.set(failure.id, failure);
    return [...seen.values()];
  }

  /** What was seen of the service's open rollout. */
  of(serviceId: string, { generation, attempt }: OpenRollout): TrackedRollout {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation !== generation) return NOT_TRACKED;
    const { applied, rolledBack, continuouslyObserved, startedByThisProcess, overtaken } = watched;
    const forMs = watched.attempt === attempt ? this.#clock.monotonic() - watched.sinceMs : 0;
    return { forMs, applied, rolledBack, continuouslyObserved, startedByThisProcess, overtaken };
  }

  /** For how long the service was seen unchanged, and its tasks stable. */
  stability(serviceId: string): Stability {
    const steady = this.#steady.get(serviceId);
    if (steady === undefined) return { unchangedForMs: 0, stableForMs: 0 };
    const nowMs = this.#clock.monotonic();
    return {
      unchangedForMs: nowMs - steady.sinceMs,
      stableForMs: steady.tasks === null ? 0 : nowMs - steady.stableSinceMs,
    };
  }

  #stabilitySince({ id, version, tasks }: Workload): Steady {
    const nowMs = this.#clock.monotonic();
    const before = this.#steady.get(id);
    const living = tasks.filter(({ state }) => state !== 'ended');
    const isStable = living.every(({ state }) => state === 'running');
    const running = isStable ? living.map((task) => task.id).join(' ') : null;
    return {
      version,
      sinceMs: before?.version === version ? before.sinceMs : nowMs,
      tasks: running,
      stableSinceMs: before?.tasks === running ? before.stableSinceMs : nowMs,
    };
  }

  #seenApplied(watched: Watched): void {
    if (!watched.applied) watched.sinceMs = this.#clock.monotonic();
    watched.applied = true;
  }

  #follow(serviceId: string, isOfGeneration: boolean, open: OpenRollout, isOwn: boolean): Watched {
    const { generation, attempt } = open;
    const known = this.#watched.get(serviceId);
    const before = known?.generation === generation ? known : undefined;
    const nowMs = this.#clock.monotonic();
    const overtaken = before?.overtaken === true;
    // If the rollout was overtaken, the service's current generation belongs to another update.
    const applied = before?.applied === true || (isOfGeneration && !overtaken);
    const continuouslyObserved =
      before === undefined || (before.continuouslyObserved && nowMs - before.seenAtMs <= MAX_GAP_MS);
    if (before?.attempt === attempt) {
      if (applied) this.#seenApplied(before);
      return Object.assign(before, { continuouslyObserved, seenAtMs: nowMs });
    }
    return {
      generation,
      attempt,
      sinceMs: nowMs,
      applied,
      rolledBack: false,
      continuouslyObserved,
      seenAtMs: nowMs,
      // A process that started the rollout and all its attempts has delivered to all of its tasks.
      startedByThisProcess: isOwn && (before === undefined || before.startedByThisProcess),
      uncertain: before?.uncertain === true,
      overtaken,
      failures: before?.failures ?? new Map(),
    };
  }
}
