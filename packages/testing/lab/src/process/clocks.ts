import type { Clock } from '@vault-swarm/kernel';

/** The real time. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Real time plus a shift that a test sets. Timers are real. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;

  /** Adds to the shift at once. */
  advance(ms: number): void {
    this.#shiftMs += ms;
  }

  now(): number {
    return Date.now() + this.#shiftMs;
  }

  monotonic(): number {
    return performance.now() + this.#shiftMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return realClock.after(delayMs, callback);
  }
}

/** Real time plus a shift that a test sets. Timers fire only when the test advances the clock. */
export class SteppedClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #shiftMs = 0;

  /** Adds to the shift at once, and fires the timers that are then due. */
  advance(ms: number): void {
    this.#shiftMs += ms;
    for (const timer of this.#timers) {
      if (timer.atMs > this.monotonic()) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }

  now(): number {
    return Date.now() + this.#shiftMs;
  }

  monotonic(): number {
    return performance.now() + this.#shiftMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.monotonic() + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** The most that one turn of the event loop adds, in milliseconds. */
const MAX_TURN_MS = 10;

/**
 * How long an action takes, in milliseconds during which this process ran. Time in which the machine ran other processes does
 * not count, so a limit on the result holds on a busy machine.
 */
export async function ownTimeOf(action: () => Promise<unknown>): Promise<number> {
  let ownMs = 0;
  let lastMs = performance.now();
  const count = () => {
    const nowMs = performance.now();
    ownMs += Math.min(nowMs - lastMs, MAX_TURN_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(count, MAX_TURN_MS / 2);
  try {
    await action();
    count();
    return ownMs;
  } finally {
    clearInterval(timer);
  }
}
