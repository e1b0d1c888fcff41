import type { Clock } from '@vault-swarm/kernel';
import type { LedgerDocument, OpenRollout } from '../ledger/ledger.ts';

/** How a service's rollouts follow each other. */
export interface Pace {
  /** Rollouts in a row, each of which was due within 30 s after the end of the one before. */
  readonly inARow: number;
  /** For how long no further one may start, in milliseconds. */
  readonly pauseMs: number;
}

/** No rollout, or one that nothing followed. */
const AT_EASE: Pace = { inARow: 0, pauseMs: 0 };

/** So many rollouts in a row have no pause between them. */
export const MAX_IN_A_ROW = 20;

/** A service that is up to date for so long after a rollout starts a new row, in milliseconds. */
const REST_MS = 30_000;

/** A pause is counted by rollouts of at least this duration, and lasts no longer than that, in milliseconds. */
const MIN_ROLLOUT_MS = 5_000;
const MAX_PAUSE_MS = 600_000;

/** Times are monotonic milliseconds. */
interface Row {
  /** Of the rollout that is open. */
  readonly generation: number | null;
  readonly inARow: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Since when it is up to date. */
  readonly restsSinceMs: number | null;
}

/**
 * Limits how often a service is restarted for rotations. One whose secrets change faster than its tasks can be replaced, or all the
 * time, would be restarted without end: from the twentieth rollout in a row on there is a pause after each, as long as the rollout
 * took, then twice as long, and so on up to 10 minutes. What changes during the pause is brought by one rollout. Each process counts
 * what it sees in the ledger, also a standby.
 */
export class RolloutPace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By service. */
  readonly #rows = new Map<string, Row>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Takes in which rollouts are open. */
  observe(ledger: LedgerDocument): void {
    for (const [serviceId, { rollout }] of Object.entries(ledger.services)) {
      const row = rollout === null ? undefined : this.#going(this.#rows.get(serviceId), rollout);
      if (row !== undefined) this.#rows.set(serviceId, row);
      else if (rollout !== null) this.#rows.delete(serviceId);
    }
    const nowMs = this.#clock.monotonic();
    for (const [serviceId, row] of this.#rows) {
      const isOpen = ledger.services[serviceId]?.rollout != null;
      if (!isOpen && row.generation !== null) this.#rows.set(serviceId, { ...row, generation: null, endedAtMs: nowMs });
    }
  }

  /** @param due the services that are to be rolled for a value that they do not have: the others are up to date. */
  planned(due: ReadonlySet<string>): void {
    const nowMs = this.#clock.monotonic();
    for (const [serviceId, row] of this.#rows) {
      const isAtRest = row.generation === null && !due.has(serviceId);
      const restsSinceMs = isAtRest ? (row.restsSinceMs ?? nowMs) : null;
      if (restsSinceMs !== null && nowMs - restsSinceMs >= REST_MS) this.#rows.delete(serviceId);
      else if (restsSinceMs !== row.restsSinceMs) this.#rows.set(serviceId, { ...row, restsSinceMs });
    }
  }

  /** How the rollouts of a service follow each other now. */
  of(serviceId: string): Pace {
    const row = this.#rows.get(serviceId);
    if (row === undefined) return AT_EASE;
    const { inARow, startedAtMs, endedAtMs } = row;
    const rolloutMs = Math.max(MIN_ROLLOUT_MS, endedAtMs - startedAtMs);
    const pauseMs = Math.min(MAX_PAUSE_MS, rolloutMs * Math.max(0, inARow - MAX_IN_A_ROW + 1));
    return { inARow, pauseMs: Math.max(0, endedAtMs + pauseMs - this.#clock.monotonic()) };
  }

  /** The row with an open rollout; none for one that rolls back, or failed: that is no rotation which is too fast. */
  #going(row: Row | undefined, { direction, state, generation }: OpenRollout): Row | undefined {
    if (direction === 'rollback' || state === 'failed') return undefined;
    if (row?.generation === generation) return row;
    const inARow = row?.generation === null ? row.inARow + 1 : (row?.inARow ?? 1);
    return {
      generation,
      inARow,
      startedAtMs: this.#clock.monotonic(),
      endedAtMs: Number.NEGATIVE_INFINITY,
      restsSinceMs: null,
    };
  }
}
