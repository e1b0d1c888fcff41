import type { Clock } from '@vault-swarm/provider';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that moves only when it is told to. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #behindMs = 0;
  readonly #timers = new Set<Timer>();

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
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, timer by timer, with all that they set off done before the next. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    for (;;) {
      await settle();
      const next = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Lets everything run that waits for nothing but other promises. */
async function settle(): Promise<void> {
  for (let round = 0; round < 200; round++) await Promise.resolve();
}
