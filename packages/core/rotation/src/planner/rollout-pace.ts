import type { Clock } from '@vault-swarm/kernel';
import type { LedgerDocument, OpenRollout } from '../ledger/ledger.ts';

/** How a service's rollouts follow each other. */
export interface Pace {
  /** Consecutive rollouts. Each was due within 30 s after the end of the previous one. */
  readonly inARow: number;
  /** For how long no further rollout may start, in milliseconds. */
  readonly pauseMs: number;
}

/** No rollout, or one that was not followed by another. */
const AT_EASE: Pace = { inARow: 0, pauseMs: 0 };

/** This many consecutive rollouts need no pause between them. */
export const MAX_IN_A_ROW = 20;

/** A service that is up to date for this long after a rollout starts a new row, in milliseconds. */
const REST_MS = 30_000;

/** Limits of the pause, in milliseconds: a shorter rollout counts as this long, and no pause is longer than the maximum. */
const MIN_ROLLOUT_MS = 5_000;
const MAX_PAUSE_MS = 600_000;

/** Times are monotonic milliseconds. */
interface Row {
  /** The generation of the open rollout; `null` if none is open. */
  readonly generation: number | null;
  readonly inARow: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Since when the service is up to date. */
  readonly restsSinceMs: number | null;
}

/**
 * Limits how often a service is restarted for rotations. Otherwise a service whose secrets change faster than its tasks
 * can be replaced would be restarted without end. From the twentieth consecutive rollout on, a pause follows each. It
 * lasts as long as the rollout took, then twice as long, and so on up to 10 minutes. One rollout brings all changes of
 * the pause. Each process, also a standby, counts what it sees in the ledger.
 */
export class RolloutPace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By service. */
  readonly #rows = new Map<string, Row>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Records which rollouts are open. */
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

  /** @param due the services that need a rollout for a value that they do not have. The others are up to date. */
  planned(due: ReadonlySet<string>): void {
    const nowMs = this.#clock.monotonic();
    for (const [serviceId, row] of this.#rows) {
      const isAtRest = row.generation === null && !due.has(serviceId);
      const restsSinceMs = isAtRest ? (row.restsSinceMs ?? nowMs) : null;
      if (restsSinceMs !== null && nowMs - restsSinceMs >= REST_MS) this.#rows.delete(serviceId);
      else if (restsSinceMs !== row.restsSinceMs) this.#rows.set(serviceId, { ...row, restsSinceMs });
    }
  }

  /** The current pace of a service's rollouts. */
  of(serviceId: string): Pace {
    const row = this.#rows.get(serviceId);
    if (row === undefined) return AT_EASE;
    const { inARow, startedAtMs, endedAtMs } = row;
    const rolloutMs = Math.max(MIN_ROLLOUT_MS, endedAtMs - startedAtMs);
    const pauseMs = Math.min(MAX_PAUSE_MS, rolloutMs * Math.max(0, inARow - MAX_IN_A_ROW + 1));
    return { inARow, pauseMs: Math.max(0, endedAtMs + pauseMs - this.#clock.monotonic()) };
  }

  /** The row with an open rollout. None for a rollback or a failed rollout: these are not rotations that are too frequent. */
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
