import { type Clock, DeadlineExceeded } from '@vault-swarm/kernel';
import { type ProbeOutcome, ProviderError } from '@vault-swarm/provider';
import { CircuitBreaker, type Failure } from './circuit-breaker.ts';

/**
 * How a question to a provider ended: with an answer, be it "no such secret"; with the answer that our login is refused;
 * without one; or in a way that tells nothing of how the next will end.
 */
export type RequestOutcome = ProbeOutcome | 'unknown';

/** A question that was put to the provider and is not answered yet. */
interface InFlightRequest {
  readonly requestedAtMs: number;
}

/** So many of the latest answers tell how long an answer usually takes. */
const REMEMBERED_ANSWERS = 8;

/**
 * An answer that takes so much longer than the slowest but one of the latest ones is not usual any more. The slowest may have been
 * repeated after a failure that passed.
 */
const UNUSUAL_FACTOR = 4;

/**
 * No answer counts as late before this, however quick the others were: a machine that is busy for a moment is no reason to
 * give a value away that was replaced.
 */
const MIN_ADAPTIVE_TIMEOUT_MS = 500;

/** A provider suspect that is back answers within this time. */
const SUSPECT_TIMEOUT_MS = 250;

/** How long no request is sent to a provider that asks to slow down without a `Retry-After`. */
const PAUSE_MS = 1_000;
const MIN_PAUSE_MS = 100;

/**
 * How one provider does, as its answers show: whether it is worth asking, how long an answer usually takes, and whether
 * one is overdue. Who can be given the last good value does not wait for a provider suspect.
 */
export class ProviderHealth {
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  /** The oldest first. */
  readonly #open = new Set<InFlightRequest>();
  /** How long the latest answers took. */
  readonly #answersMs: number[] = [];
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #isLoginRefused = false;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param onChange is called when the circuit breaker opens or closes. */
  constructor(clock: Clock, onChange: (open: boolean) => void) {
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(clock, onChange);
  }

  /** Whether no request is sent, since it did not answer lately. */
  get isCircuitOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /** Whether a question is in progress. */
  get hasInFlightRequest(): boolean {
    return this.#open.size > 0;
  }

  /** Whether the latest answer was that our login is refused. A failure is no answer: it does not end that. */
  get isLoginRefused(): boolean {
    return this.#isLoginRefused;
  }

  /** Whether the latest question failed, or one in progress should have been answered by now. */
  get isSuspect(): boolean {
    return this.#hasFailed || this.isCircuitOpen || this.#isOverdue();
  }

  /** Whether nobody is to wait for it, not even who has nothing else: it failed, and leaves the next question open too. */
  get shouldFailFast(): boolean {
    return this.isCircuitOpen || (this.#hasFailed && this.#isOverdue());
  }

  /** The milliseconds within which an answer comes, as far as the latest ones tell; little for a provider suspect. */
  get adaptiveTimeoutMs(): number {
    return this.isSuspect ? SUSPECT_TIMEOUT_MS : this.#usualMs();
  }

  /** Until when it asked us not to ask, in monotonic milliseconds. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /**
   * A question is put to it now. Call the result with how it ended; only the first call counts.
   * @param halfOpenProbe asks again; used while the circuit is open. Its own rejection is of no interest.
   */
  asked(halfOpenProbe: () => Promise<unknown>): (outcome: RequestOutcome) => void {
    const question: InFlightRequest = { requestedAtMs: this.#clock.monotonic() };
    this.#open.add(question);
    return (outcome) => {
      if (!this.#open.delete(question)) return;
      if (outcome === 'answered' || outcome === 'login-refused') {
        this.answered(outcome);
        this.#answersMs.push(this.#answeredAtMs - question.requestedAtMs);
        if (this.#answersMs.length > REMEMBERED_ANSWERS) this.#answersMs.shift();
      } else if (outcome !== 'unknown') this.failed(outcome, halfOpenProbe);
    };
  }

  /** It answered a question that was not put through {@link asked}. */
  answered(outcome: 'answered' | 'login-refused' = 'answered'): void {
    this.#isLoginRefused = outcome === 'login-refused';
    this.#answeredAtMs = this.#clock.monotonic();
    this.#hasFailed = false;
    this.#breaker.succeeded();
  }

  /** It did not do what was asked, whether it answered or not. */
  failed(failure: Failure, halfOpenProbe: () => Promise<unknown>): void {
    this.#hasFailed = true;
    this.#breaker.failed(failure, halfOpenProbe);
  }

  /** It asked us to slow down. */
  pause(durationMs: number = PAUSE_MS): void {
    const untilMs = this.#clock.monotonic() + Math.max(MIN_PAUSE_MS, durationMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Ends what it does in the background. */
  close(): void {
    this.#breaker.close();
  }

  #usualMs(): number {
    const [slowest = 0, slowestButOne = slowest] = this.#answersMs.toSorted((a, b) => b - a);
    return Math.max(MIN_ADAPTIVE_TIMEOUT_MS, UNUSUAL_FACTOR * slowestButOne);
  }

  /** A question that is older than the latest answer may be slow by its nature: the provider is there. */
  #isOverdue(): boolean {
    for (const { requestedAtMs } of this.#open) {
      if (requestedAtMs >= this.#answeredAtMs)
        return this.#clock.monotonic() - requestedAtMs >= (this.#hasFailed ? SUSPECT_TIMEOUT_MS : this.#usualMs());
    }
    return false;
  }
}

/** What it tells that a question was rejected with `error`. */
export function outcomeOf(error: unknown): RequestOutcome {
  if (error instanceof DeadlineExceeded) return 'timeout';
  // That a quota is used up says nothing of what is asked when it is not.
  if (!(error instanceof ProviderError) || error.code === 'RATE_LIMITED') return 'unknown';
  if (error.code === 'UNAUTHENTICATED') return 'login-refused';
  return error.code === 'UNAVAILABLE' ? 'unavailable' : 'answered';
}
