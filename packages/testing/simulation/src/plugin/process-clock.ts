import type { Clock } from '@vault-swarm/kernel';

/** The clock of one process: its wall clock may be wrong and jump, its timers end with it. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #offsetMs: () => number;
  #stopped = false;

  /** @param offsetMs how far its machine's wall clock is ahead. */
  constructor(clock: Clock, offsetMs: () => number) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, () => {
      if (!this.#stopped) callback();
    });
  }

  /** None of its timers comes any more. */
  stop(): void {
    this.#stopped = true;
  }
}
