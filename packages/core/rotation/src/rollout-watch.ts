import type { Clock } from '@vault-swarm/provider';
import type { LedgerDocument, OpenRollout } from './ledger.ts';
import type { ServiceUses } from './uses.ts';
import type { FailedTask } from './workloads.ts';

/** What this process has seen of an open rollout. */
export interface WatchedRollout {
  /** For how long it has seen the present attempt open, in milliseconds. */
  readonly forMs: number;
  /** Whether it saw the update applied. */
  readonly applied: boolean;
  /** Whether it began the rollout itself, and each attempt of it. */
  readonly begunHere: boolean;
}

/** Nothing. */
export const NOT_WATCHED: WatchedRollout = { forMs: 0, applied: false, begunHere: false };

interface Watched {
  readonly generation: number;
  readonly attempt: number;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  applied: boolean;
  readonly begunHere: boolean;
  /** By task. */
  readonly failures: Map<string, FailedTask>;
}

interface Version {
  readonly version: number;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

/**
 * What this process has seen of the open rollouts, and for how long of the services. The times in the ledger are of
 * clocks that may jump, and of other machines; how long to wait is measured here. And failed tasks that the orchestrator
 * forgets are known here.
 */
export class RolloutWatch {
  readonly #clock: Clock;
  /** By service. */
  #watched = new Map<string, Watched>();
  /** By service. */
  #versions = new Map<string, Version>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes in what is open, and how far the services are.
   * @param isOwn whether this process has just written the ledger: what is new in it was begun here.
   */
  observe(services: readonly ServiceUses[], ledger: LedgerDocument, isOwn = false): void {
    const watched = new Map<string, Watched>();
    const versions = new Map<string, Version>();
    for (const { service } of services) {
      const { id, version, generation } = service;
      const known = this.#versions.get(id);
      versions.set(id, known?.version === version ? known : { version, sinceMs: this.#clock.monotonic() });
      const open = ledger.services[id]?.rollout;
      if (open !== undefined && open !== null) watched.set(id, this.#follow(id, generation, open, isOwn));
    }
    this.#watched = watched;
    this.#versions = versions;
  }

  /** The service's update was applied. */
  applied(serviceId: string, generation: number): void {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation === generation) watched.applied = true;
  }

  /** Takes in the failed tasks of a service that the orchestrator knows now, and gives all that were seen. */
  failures(serviceId: string, now: readonly FailedTask[]): readonly FailedTask[] {
    const seen = this.#watched.get(serviceId)?.failures;
    if (seen === undefined) return now;
    for (const failure of now) seen.set(failure.id, failure);
    return [...seen.values()];
  }

  /** What was seen of the service's open rollout. */
  of(serviceId: string, { generation, attempt }: OpenRollout): WatchedRollout {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation !== generation) return NOT_WATCHED;
    const { applied, begunHere } = watched;
    return { forMs: watched.attempt === attempt ? this.#clock.monotonic() - watched.sinceMs : 0, applied, begunHere };
  }

  /** For how long the service object was seen as it is, in milliseconds. */
  unchangedForMs(serviceId: string): number {
    const version = this.#versions.get(serviceId);
    return version === undefined ? 0 : this.#clock.monotonic() - version.sinceMs;
  }

  #follow(serviceId: string, generationNow: number, open: OpenRollout, isOwn: boolean): Watched {
    const { generation, attempt } = open;
    const known = this.#watched.get(serviceId);
    const before = known?.generation === generation ? known : undefined;
    const isApplied = generationNow >= generation;
    if (before?.attempt === attempt) {
      before.applied ||= isApplied;
      return before;
    }
    return {
      generation,
      attempt,
      sinceMs: this.#clock.monotonic(),
      applied: isApplied || before?.applied === true,
      // Who has begun it and every attempt of it has answered to all of its tasks.
      begunHere: isOwn && (before === undefined || before.begunHere),
      failures: before?.failures ?? new Map(),
    };
  }
}
