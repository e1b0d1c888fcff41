import type { Clock } from '@vault-swarm/kernel';
import { TimerQueue } from './timer-queue.ts';

/** So many timers come at one moment only where they would never end. */
const MAX_AT_ONCE = 100_000;

/** A clock that moves only by {@link advance}, and then from timer to timer. */
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
    // A platform's timers warn of it.
    if (delayMs < 0) throw new RangeError(`a timer must not be set ${delayMs} ms ahead`);
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
    let atOnce = 0;
    for (let timer = this.#timers.take(untilMs); timer !== null; timer = this.#timers.take(untilMs)) {
      atOnce = timer.atMs > this.#nowMs ? 0 : atOnce + 1;
      if (atOnce > MAX_AT_ONCE) throw new Error('time stands still: one timer sets off the next without end');
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback?.();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets everything run that waits for nothing but other promises: a tick comes when none of them is left to run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
