import type { Clock } from './platform-ports.ts';

/** By default, a computation lets other work of the process run after this time, in milliseconds. */
const MAX_SLICE_MS = 2;

/**
 * Divides a long computation, so that requests are answered meanwhile. Use it between two steps:
 * `if (slices.isOver) await slices.next()`.
 */
export class TimeSlices {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #signal: AbortSignal;
  readonly #maxMs: number;
  #sinceMs: number;

  /**
   * The first slice starts now.
   *
   * @param maxMs how long a slice may take, in milliseconds. With 0 each step is a slice.
   */
  constructor(
    clock: Pick<Clock, 'monotonic' | 'after'>,
    { signal }: { readonly signal: AbortSignal },
    maxMs = MAX_SLICE_MS,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#maxMs = maxMs;
    this.#sinceMs = clock.monotonic();
  }

  /** Whether this slice has taken its time. */
  get isOver(): boolean {
    return this.#clock.monotonic() - this.#sinceMs >= this.#maxMs;
  }

  /** Lets other work run, and starts the next slice. Rejects if the computation was aborted. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.after(0, resolve);
    });
    this.#signal.throwIfAborted();
    this.#sinceMs = this.#clock.monotonic();
  }
}
