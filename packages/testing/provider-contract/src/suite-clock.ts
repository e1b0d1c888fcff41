import type { ProviderTools } from '@vault-swarm/provider';

type Clock = ProviderTools['clock'];

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  handle: NodeJS.Timeout;
}

/** The clock of an instance under test: real time, which a check can move forward. */
export class SuiteClock implements Clock {
  readonly #timers = new Set<Timer>();
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  monotonic(): number {
    return performance.now() + this.#offsetMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.monotonic() + delayMs, callback, handle: setTimeout(() => {}, 0) };
    this.#schedule(timer);
    this.#timers.add(timer);
    return () => this.#cancel(timer);
  }

  /** Moves the time forward. Timers that are due then fire before it returns, in the order of their times. */
  advance(durationMs: number): void {
    this.#offsetMs += durationMs;
    for (const timer of [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)) {
      if (!this.#timers.has(timer)) continue;
      if (timer.dueMs <= this.monotonic()) this.#fire(timer);
      else this.#schedule(timer);
    }
  }

  /** The number of timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  #schedule(timer: Timer): void {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => this.#fire(timer), Math.max(0, timer.dueMs - this.monotonic()));
  }

  #fire(timer: Timer): void {
    this.#cancel(timer);
    timer.callback();
  }

  #cancel(timer: Timer): void {
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }
}
