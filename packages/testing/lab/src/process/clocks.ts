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

/** Real time, and what a test adds to it. Timers are the real ones. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;

  /** Lets time pass at once. */
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

/** Real time, and what a test adds to it; timers wait for the test to let their time pass. */
export class SteppedClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #shiftMs = 0;

  /** Lets time pass at once, and calls what was due in it. */
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

/** What one turn of the event loop counts at most. */
const MAX_TURN_MS = 10;

/**
 * How long an action takes, in milliseconds during which this process ran: where the machine gives the processor to others for
 * longer than a moment, that does not count. So a limit on it holds on a busy machine.
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
