import type { Clock, Random } from '@vault-swarm/kernel';

/** Woken this often at most, so that a burst of hints is one run. The first run has nothing to wait for. */
const MIN_PAUSE_MS = 50;

/** Does one run, and gives the milliseconds until the next. Must not reject. `isWoken`: somebody asked for this run. */
export type TickerRun = (signal: AbortSignal, isWoken: boolean) => Promise<number>;

/**
 * Runs something again and again, one run after the other: each interval (up to a tenth earlier, so that several
 * managers do not ask at the same moment), and sooner when woken. A wake during a run gives one more run after it.
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
  /** Who waits for a run that starts later. */
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, random: Random, run: TickerRun) {
    this.#clock = clock;
    this.#random = random;
    this.#run = run;
  }

  /** Runs as soon as possible: now, or after the run in progress. Also starts the loop. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    // A wake does not put off the run that an earlier one asked for: where they never cease, there would be none.
    if (this.#running === null && !this.#woken) this.#schedule(this.#hasRun ? MIN_PAUSE_MS : 0);
    this.#woken = true;
  }

  /** Runs as soon as possible, and resolves when a run has ended that started after this call; or when the loop ends. */
  async next(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.wake();
    await done;
  }

  /** Cuts the run in progress off and resolves when it has ended. There is none afterwards. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    this.#cancelTimer?.();
    await this.#running;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(delayMs, () => {
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
