import type { Clock } from './platform-ports.ts';

/** By default, a computation lets other work of the process run after this time, in milliseconds. */
const MAX_SLICE_MS = 2;

/** After a longer pause, a slice takes this part of its duration, but is at most so many times as long. */
const SHARE = 0.25;
const MAX_LONGER = 20;

/**
 * Divides a long computation, so that requests are answered meanwhile. Use it between two steps:
 * `if (slices.isOver) await slices.next()`.
 */
export class TimeSlices {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #signal: AbortSignal;
  readonly #maxMs: number;
  #sinceMs: number;
  /** The length of the present slice. */
  #sliceMs: number;

  /**
   * The first slice starts now.
   *
   * @param maxMs after which time a slice is over, in milliseconds. With 0 each step is a slice.
   */
  constructor(
    clock: Pick<Clock, 'monotonic' | 'after'>,
    { signal }: { readonly signal: AbortSignal },
    maxMs = MAX_SLICE_MS,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#maxMs = maxMs;
    this.#sliceMs = maxMs;
    this.#sinceMs = clock.monotonic();
  }

  /** Whether this slice has taken its time. */
  get isOver(): boolean {
    return this.#clock.monotonic() - this.#sinceMs >= this.#sliceMs;
  }

  /**
   * Lets other work run, and starts the next slice. After a long pause it is longer, so that the computation also ends
   * if there is always other work. Rejects if the computation was aborted.
   */
  async next(): Promise<void> {
    const pausedAtMs = this.#clock.monotonic();
    await new Promise<void>((resolve) => {
      this.#clock.after(0, resolve);
    });
    this.#signal.throwIfAborted();
    this.#sinceMs = this.#clock.monotonic();
    const pausedMs = this.#sinceMs - pausedAtMs;
    this.#sliceMs = Math.min(Math.max(this.#maxMs, pausedMs * SHARE), this.#maxMs * MAX_LONGER);
  }
}
