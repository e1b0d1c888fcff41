import type { Clock } from '@vault-swarm/provider';

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
