import type { Clock } from '@vault-swarm/kernel';

/**
 * A wall clock that never goes back: if the machine's clock is set back, it goes on as before. Otherwise a credential
 * would seem to live longer than it does. The machine's clock may be ahead, as after a pause of the machine.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #wallMs: number;
  #monotonicMs: number;

  /** @param clock the machine's clocks. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonic();
  }

  now(): number {
    const monotonicMs = this.#clock.monotonic();
    this.#wallMs = Math.max(this.#clock.now(), this.#wallMs + monotonicMs - this.#monotonicMs);
    this.#monotonicMs = monotonicMs;
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, callback);
  }
}
