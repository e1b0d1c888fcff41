import type { Clock } from '@vault-swarm/kernel';

/** Google allows 600 calls without a value in a minute for a project. The other managers need a part of them. */
const CALLS_PER_MINUTE = 300;
/** How many calls can be made at once after a quiet time. */
const BURST = 150;
const MINUTE_MS = 60_000;

/**
 * Keeps the calls that read no value within Google's quota: at most 150 at once, and 300 in a minute after that. Calls
 * that a read needs are always made, and leave fewer for probes.
 */
export class PollQuota {
  readonly #clock: Clock;
  #available = BURST;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonic();
  }

  /** Takes up to `wanted` calls. Returns how many may be made now. */
  take(wanted: number): number {
    this.#refill();
    const taken = Math.min(wanted, Math.max(0, Math.floor(this.#available)));
    this.#available -= taken;
    return taken;
  }

  /** Counts a call that is made in any case. */
  count(): void {
    this.#refill();
    this.#available = Math.max(this.#available - 1, -BURST);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonic();
    this.#available = Math.min(BURST, this.#available + ((nowMs - this.#atMs) * CALLS_PER_MINUTE) / MINUTE_MS);
    this.#atMs = nowMs;
  }
}
