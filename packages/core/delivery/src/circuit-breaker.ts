import type { Clock } from '@vault-swarm/provider';

/** How a call failed: it got no answer in time, or the answer that the provider can't serve now. */
export type Failure = 'time-out' | 'unavailable';

/** One provider's time-outs in a row that open the breaker. */
const TIME_OUTS_IN_A_ROW = 2;

/** So many failures of either kind within {@link FAILURES_WITHIN_MS} open it too. */
const FAILURES = 5;
const FAILURES_WITHIN_MS = 10_000;

/** From one trial to the next while the breaker is open; doubled each time, up to the longest. */
const FIRST_TRIAL_MS = 1_000;
const LONGEST_TRIAL_MS = 10_000;

/**
 * Leaves a provider alone that does not answer, so that nobody waits for it: while the breaker is open calls are
 * refused at once, and one trial after the other, on nobody's time, finds out when the provider is back. Any success
 * closes the breaker. Answers such as "not found" are successes: the provider is there.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #onChange: (open: boolean) => void;
  #timeOutsInARow = 0;
  /** When the latest failures were, in monotonic milliseconds, oldest first. */
  #failuresAtMs: number[] = [];
  #open = false;
  #trialMs = FIRST_TRIAL_MS;
  #trial: (() => Promise<unknown>) | null = null;
  #cancelTimer: (() => void) | null = null;

  /** @param onChange is told whenever the breaker opens or closes. */
  constructor(clock: Clock, onChange: (open: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Whether calls are refused now. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The provider answered. */
  succeeded(): void {
    this.#timeOutsInARow = 0;
    this.#failuresAtMs = [];
    if (!this.#open) return;
    this.close();
    this.#open = false;
    this.#onChange(false);
  }

  /**
   * A call failed.
   * @param trial tries the provider again; its outcome must be told by `succeeded` or `failed`. Its own rejection is of
   * no interest here.
   */
  failed(failure: Failure, trial: () => Promise<unknown>): void {
    const nowMs = this.#clock.monotonic();
    this.#timeOutsInARow = failure === 'time-out' ? this.#timeOutsInARow + 1 : 0;
    this.#failuresAtMs = [...this.#failuresAtMs.filter((atMs) => nowMs - atMs < FAILURES_WITHIN_MS), nowMs].slice(
      -FAILURES,
    );
    this.#trial = trial;
    if (this.#open || (this.#timeOutsInARow < TIME_OUTS_IN_A_ROW && this.#failuresAtMs.length < FAILURES)) return;
    this.#open = true;
    this.#trialMs = FIRST_TRIAL_MS;
    this.#onChange(true);
    this.#scheduleTrial();
  }

  /** Ends the trials. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #scheduleTrial(): void {
    this.#cancelTimer = this.#clock.after(this.#trialMs, () => {
      this.#cancelTimer = null;
      this.#trialMs = Math.min(LONGEST_TRIAL_MS, this.#trialMs * 2);
      const done = () => {
        if (this.#open && this.#cancelTimer === null) this.#scheduleTrial();
      };
      this.#trial?.().then(done, done);
    });
  }
}
