import type { Clock, Random } from '@vault-swarm/kernel';

/** The minimum pause after a wake, so that a burst of hints causes one run. The first run starts at once. */
const MIN_PAUSE_MS = 50;

/** Does one run, and returns the milliseconds until the next. Must not reject. `isWoken`: a caller requested this run. */
export type TickerRun = (signal: AbortSignal, isWoken: boolean) => Promise<number>;

/**
 * Repeats something, one run at a time, at each interval and sooner when woken. Each interval is up to a tenth shorter,
 * so that several managers do not ask at the same moment. A wake during a run causes one more run after it.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #run: TickerRun;
  readonly #stopping = new AbortController();
  #cancelTimer: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #woken = false;
  #hasRun = false;
  /** Callers that wait for a run that starts later. */
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, random: Random, run: TickerRun) {
    this.#clock = clock;
    this.#random = random;
    this.#run = run;
  }

  /** Runs as soon as possible: now, or after the current run. Also starts the loop. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    // A wake does not postpone a run that is already scheduled. Otherwise constant wakes would prevent every run.
    if (this.#running === null && !this.#woken) this.#schedule(this.#hasRun ? MIN_PAUSE_MS : 0);
    this.#woken = true;
  }

  /** Runs as soon as possible. Resolves when a run that started after this call has ended, or when the loop stops. */
  async next(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.wake();
    await done;
  }

  /** Aborts the current run and resolves when it has ended. No run follows. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    this.#cancelTimer?.();
    await this.#running;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(Math.max(0, delayMs), () => {
      this.#cancelTimer = null;
      this.#running = this.#once();
    });
  }

  async #once(): Promise<void> {
    const isWoken = this.#woken;
    this.#woken = false;
    this.#hasRun = true;
    const waiting = this.#waiting.splice(0);
    const intervalMs = await this.#run(this.#stopping.signal, isWoken);
    this.#running = null;
    for (const resolve of waiting) resolve();
    if (this.#stopping.signal.aborted) return;
    this.#schedule(this.#woken ? MIN_PAUSE_MS : intervalMs * (1 - this.#random.next() / 10));
  }
}
