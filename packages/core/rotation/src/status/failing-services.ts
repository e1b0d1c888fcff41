import { mapConcurrently } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import { isFullyRunning } from '../planner/service-state.ts';
import type { FailedTask, Orchestrator, Workload } from '../ports/orchestrator.ts';

/** The most services whose failures are read in one pass, and how many of them at the same time. */
const READS_PER_PASS = 4;
const READS_AT_ONCE = 2;
/** The failures of a service are not read more often than this. */
const READ_EVERY_MS = 5_000;
/** Older failures say nothing about the present tasks. */
const RECENT_MS = 600_000;
/** A service counts as failing until its tasks have run for this long. */
const STABLE_MS = 30_000;

interface Known {
  readonly failures: readonly FailedTask[];
  /** Monotonic milliseconds. */
  readonly readAtMs: number;
}

/**
 * Why services do not run as they should, for the status only: no decision depends on it. The failures are read a few
 * services at a time, since each read is a request.
 */
export class FailingServices {
  readonly #orchestrator: Pick<Orchestrator, 'failures'>;
  readonly #stableForMs: (serviceId: string) => number;
  /** By service id. */
  #known = new Map<string, Known>();

  /** @param stableForMs for how long a service's tasks have all been running. */
  constructor(orchestrator: Pick<Orchestrator, 'failures'>, stableForMs: (serviceId: string) => number) {
    this.#orchestrator = orchestrator;
    this.#stableForMs = stableForMs;
  }

  /**
   * Reads why tasks fail of the services that do not run fully, and of those that did not a moment ago. A service that
   * can't be read keeps what is known of it. @param nowMs monotonic.
   */
  async read(services: readonly Workload[], nowMs: number, options: CallOptions): Promise<void> {
    const concerned = services.filter((service) => this.#isConcerned(service));
    this.#known = new Map(concerned.flatMap(({ id }) => this.#entry(id)));
    const due = concerned
      .filter(({ id }) => nowMs - this.#readAtMs(id) >= READ_EVERY_MS)
      .toSorted((a, b) => this.#readAtMs(a.id) - this.#readAtMs(b.id))
      .slice(0, READS_PER_PASS);
    await mapConcurrently(due, READS_AT_ONCE, async ({ id }) => {
      const failures = await this.#orchestrator.failures(id, options).catch(() => this.#known.get(id)?.failures ?? []);
      this.#known.set(id, { failures, readAtMs: nowMs });
    });
  }

  /** The failures of the service's present spec, as far as they are recent. @param atMs since 1970. */
  of({ id, generation, fingerprint }: Workload, atMs: number): readonly FailedTask[] {
    return (this.#known.get(id)?.failures ?? []).filter((failure) => {
      const isPresent = failure.generation === generation && failure.fingerprint === fingerprint;
      return isPresent && atMs - failure.endedAtMs < RECENT_MS;
    });
  }

  #isConcerned(service: Workload): boolean {
    if (service.kind === 'job' || service.desiredTasks === 0) return false;
    return !isFullyRunning(service) || (this.#known.has(service.id) && this.#stableForMs(service.id) < STABLE_MS);
  }

  #entry(id: string): readonly (readonly [string, Known])[] {
    const known = this.#known.get(id);
    return known === undefined ? [] : [[id, known]];
  }

  #readAtMs(id: string): number {
    return this.#known.get(id)?.readAtMs ?? Number.NEGATIVE_INFINITY;
  }
}
