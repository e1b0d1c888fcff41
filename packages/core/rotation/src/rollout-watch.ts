import type { Clock } from '@vault-swarm/provider';
import type { LedgerDocument, OpenRollout } from './ledger.ts';
import type { ServiceUses } from './uses.ts';

interface Watched {
  readonly generation: number;
  readonly attempt: number;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  applied: boolean;
}

/**
 * What this process has seen of the open rollouts. Their times in the ledger are of clocks that may jump, and of other
 * machines; how long to wait is measured here.
 */
export class RolloutWatch {
  readonly #clock: Clock;
  /** By service. */
  #watched = new Map<string, Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes in what is open, and how far the services are. */
  observe(services: readonly ServiceUses[], ledger: LedgerDocument): void {
    const next = new Map<string, Watched>();
    for (const { service } of services) {
      const open = ledger.services[service.id]?.rollout;
      if (open === undefined || open === null) continue;
      const before = this.#watched.get(service.id);
      const isSame = before?.generation === open.generation;
      const { generation, attempt } = open;
      const watched =
        isSame && before.attempt === attempt
          ? before
          : { generation, attempt, sinceMs: this.#clock.monotonic(), applied: isSame && before.applied };
      watched.applied ||= service.generation >= generation;
      next.set(service.id, watched);
    }
    this.#watched = next;
  }

  /** The service's update was applied. */
  applied(serviceId: string, generation: number): void {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation === generation) watched.applied = true;
  }

  /** For how long its present attempt was seen, in milliseconds, and whether its update was seen applied. */
  of(serviceId: string, { generation, attempt }: OpenRollout): { readonly forMs: number; readonly applied: boolean } {
    const watched = this.#watched.get(serviceId);
    if (watched?.generation !== generation) return { forMs: 0, applied: false };
    const forMs = watched.attempt === attempt ? this.#clock.monotonic() - watched.sinceMs : 0;
    return { forMs, applied: watched.applied };
  }
}
