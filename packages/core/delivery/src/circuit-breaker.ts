import { backoffMs, type Clock } from '@vault-swarm/kernel';

/** How a call failed: no answer in time, or an answer that the provider can't serve now. */
export type Failure = 'timeout' | 'unavailable';

/** This many timeouts in a row open the breaker. */
const TIMEOUTS_IN_A_ROW = 2;

/** This many failures of either kind within {@link FAILURES_WITHIN_MS} also open it. */
const FAILURES = 5;
const FAILURES_WITHIN_MS = 10_000;

/** The backoff between half-open probes. It doubles with each probe, up to the maximum. */
const FIRST_PROBE_MS = 1_000;
const MAX_PROBE_MS = 10_000;

/**
 * The circuit breaker of a provider. While it is open, calls are rejected at once. Half-open probes in the background
 * find out when the provider answers again. Any success closes it. An answer such as "not found" is a success.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #onChange: (open: boolean) => void;
  #timeoutsInARow = 0;
  /** The times of the latest failures, in monotonic milliseconds, the oldest first. */
  #failuresAtMs: number[] = [];
  #open = false;
  #probes = 0;
  #halfOpenProbe: (() => Promise<unknown>) | null = null;
  #cancelTimer: (() => void) | null = null;

  /** @param onChange is called when the breaker opens or closes. */
  constructor(clock: Clock, onChange: (open: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Whether calls are rejected now. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Records an answer of the provider. */
  succeeded(): void {
    this.#timeoutsInARow = 0;
    this.#failuresAtMs = [];
    if (!this.#open) return;
    this.close();
    this.#open = false;
    this.#onChange(false);
  }

  /**
   * Records a failed call.
   *
   * @param halfOpenProbe calls the provider again. Its outcome must be reported by `succeeded` or `failed`. Its own
   * rejection is ignored.
   */
  failed(failure: Failure, halfOpenProbe: () => Promise<unknown>): void {
    const nowMs = this.#clock.monotonic();
    this.#timeoutsInARow = failure === 'timeout' ? this.#timeoutsInARow + 1 : 0;
    this.#failuresAtMs = [...this.#failuresAtMs.filter((atMs) => nowMs - atMs < FAILURES_WITHIN_MS), nowMs].slice(
      -FAILURES,
    );
    this.#halfOpenProbe = halfOpenProbe;
    if (this.#open || (this.#timeoutsInARow < TIMEOUTS_IN_A_ROW && this.#failuresAtMs.length < FAILURES)) return;
    this.#open = true;
    this.#probes = 0;
    this.#onChange(true);
    this.#scheduleProbe();
  }

  /** Stops the half-open probes. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #scheduleProbe(): void {
    const delayMs = backoffMs(FIRST_PROBE_MS, MAX_PROBE_MS, this.#probes);
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = null;
      this.#probes++;
      const done = () => {
        if (this.#open && this.#cancelTimer === null) this.#scheduleProbe();
      };
      this.#halfOpenProbe?.().then(done, done);
    });
  }
}
