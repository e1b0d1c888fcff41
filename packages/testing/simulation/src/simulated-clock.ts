import type { Clock } from '@vault-swarm/provider';
import { TimerQueue } from './timer-queue.ts';

/** A clock that moves only when it is told to, and then from timer to timer. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #behindMs = 0;
  readonly #timers = new TimerQueue();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs - this.#behindMs;
  }

  /** Sets the wall clock back; durations go on as before. */
  setBack(byMs: number): void {
    this.#behindMs += byMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = this.#timers.add(this.#nowMs + delayMs, callback);
    return () => {
      timer.callback = null;
    };
  }

  /** Resolves after this time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Lets time pass, timer by timer, with all that they set off done before the next. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let timer = this.#timers.take(untilMs); timer !== null; timer = this.#timers.take(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback?.();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets everything run that waits for nothing but other promises. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
