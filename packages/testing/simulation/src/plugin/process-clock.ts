import type { Clock } from '@vault-swarm/kernel';

/** What differs between the clock of a process and the true time. */
interface ProcessClockOptions {
  /** How far its machine's wall clock is ahead, in milliseconds. */
  readonly clockOffsetMs: () => number;
  /** How long it does other work before a timer without delay, in milliseconds. */
  readonly sliceGapMs: () => number;
}

/** The clock of one process: its wall clock may be wrong and jump, its timers end with it. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #options: ProcessClockOptions;
  #stopped = false;

  constructor(clock: Clock, options: ProcessClockOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  now(): number {
    return this.#clock.now() + this.#options.clockOffsetMs();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs === 0 ? this.#options.sliceGapMs() : delayMs, () => {
      if (!this.#stopped) callback();
    });
  }

  /** None of its timers comes any more. */
  stop(): void {
    this.#stopped = true;
  }
}
