import type { Clock } from '@vault-swarm/kernel';

const HOUR_MS = 3_600_000;
/** The share of the budget that is used, because one probe may need more than one call. */
const USED_SHARE = 0.95;
/**
 * A probe may start with this fraction of a call not yet paid off, because probes come a little earlier or later than
 * the interval.
 */
const OWED = 0.5;

/** The maximum time for which a provider can pause the probes. */
const MAX_PAUSE_MS = 5 * 60_000;

/**
 * Limits the number of calls per hour. Each call adds a debt that decreases evenly with time. Probes wait until the
 * debt is paid off, so that they come at even intervals, and at least once an hour.
 */
export class CallBudget {
  readonly #perHour: number | undefined;
  readonly #clock: Clock;
  #owed = 0;
  #atMs: number;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param perHour `undefined`: no limit. */
  constructor(perHour: number | undefined, clock: Clock) {
    this.#perHour = perHour === undefined ? undefined : perHour * USED_SHARE;
    this.#clock = clock;
    this.#atMs = clock.monotonic();
  }

  /** Counts one call of any kind. */
  count(): void {
    if (this.#perHour === undefined) return;
    this.#settle(this.#perHour);
    this.#owed = Math.min(this.#owed + 1, this.#perHour);
  }

  /** Makes probes wait, because the provider asked for it: at most 5 minutes. */
  pause(durationMs: number): void {
    const untilMs = this.#clock.monotonic() + Math.min(durationMs, MAX_PAUSE_MS);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Whether probes must wait. */
  get isUsedUp(): boolean {
    if (this.#clock.monotonic() < this.#pausedUntilMs) return true;
    if (this.#perHour === undefined) return false;
    this.#settle(this.#perHour);
    return this.#owed >= OWED;
  }

  #settle(perHour: number): void {
    const nowMs = this.#clock.monotonic();
    this.#owed = Math.max(0, this.#owed - ((nowMs - this.#atMs) * perHour) / HOUR_MS);
    this.#atMs = nowMs;
  }
}
