import type { Clock } from '@vault-swarm/kernel';

const HOUR_MS = 3_600_000;
/** Of the budget, since a pass that is allowed may take more than one call. */
const USED_SHARE = 0.95;
/** So much of a call may still be owed: a pass comes a little earlier or later than the interval says. */
const OWED = 0.5;

/**
 * How many calls an hour we may make. Each call is owed for, and what is owed goes down evenly with time; looking for
 * changes waits until nothing is owed, so that it comes at even distances, and at least once an hour.
 */
export class CallBudget {
  readonly #perHour: number | undefined;
  readonly #clock: Clock;
  #owed = 0;
  #atMs: number;

  /** @param perHour `undefined`: as many as are wanted. */
  constructor(perHour: number | undefined, clock: Clock) {
    this.#perHour = perHour === undefined ? undefined : perHour * USED_SHARE;
    this.#clock = clock;
    this.#atMs = clock.monotonic();
  }

  /** One call was made, whatever for. */
  count(): void {
    if (this.#perHour === undefined) return;
    this.#settle(this.#perHour);
    this.#owed = Math.min(this.#owed + 1, this.#perHour);
  }

  /** Whether looking for changes has to wait. */
  get isUsedUp(): boolean {
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
