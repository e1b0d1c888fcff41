import { type Clock, DeadlineExceeded } from '@vault-swarm/kernel';
import { type ProbeOutcome, ProviderError } from '@vault-swarm/provider';
import { CircuitBreaker, type Failure } from './circuit-breaker.ts';

/**
 * How a request to a provider ended: with an answer (also "no such secret"), with a refused login, or without an
 * answer. `unknown`: the outcome does not predict how the next request will end.
 */
export type RequestOutcome = ProbeOutcome | 'unknown';

/** A request that was sent to the provider and is not answered yet. */
interface InFlightRequest {
  readonly requestedAtMs: number;
}

/** The number of latest answers from which the usual response time is calculated. */
const REMEMBERED_ANSWERS = 8;

/**
 * An answer is late if it takes this many times as long as the second slowest of the latest answers. The slowest one is
 * ignored, because it may include a retry after a transient failure.
 */
const UNUSUAL_FACTOR = 4;

/**
 * No answer is late before this time, however fast the others were. On a machine that is busy for a moment, a shorter
 * timeout would serve stale values without need.
 */
const MIN_ADAPTIVE_TIMEOUT_MS = 500;

/** A suspect provider that works again is expected to answer within this time. */
const SUSPECT_TIMEOUT_MS = 250;

/** How long no request is sent to a provider that asks the plugin to slow down without a `Retry-After`. */
const PAUSE_MS = 1_000;
const MIN_PAUSE_MS = 100;

/**
 * The health of one provider, calculated from its answers: whether requests make sense, how long an answer usually
 * takes, and whether an answer is overdue. A request with a usable last good value does not wait for a suspect
 * provider.
 */
export class ProviderHealth {
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  /** The oldest first. */
  readonly #open = new Set<InFlightRequest>();
  /** How long the latest answers took, in milliseconds. */
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

  /** Whether no request is sent, because the provider did not answer recently. */
  get isCircuitOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /** Whether a request is in flight. */
  get hasInFlightRequest(): boolean {
    return this.#open.size > 0;
  }

  /** Whether the latest answer refused the plugin's login. A failure without an answer does not change this. */
  get isLoginRefused(): boolean {
    return this.#isLoginRefused;
  }

  /** Whether the latest request failed, or an answer to a request in flight is overdue. */
  get isSuspect(): boolean {
    return this.#hasFailed || this.isCircuitOpen || this.#isOverdue();
  }

  /**
   * Whether no request waits for the provider, even if there is no other value to serve. That is so if the circuit
   * breaker is open, or if the latest request failed and the next one is overdue.
   */
  get shouldFailFast(): boolean {
    return this.isCircuitOpen || (this.#hasFailed && this.#isOverdue());
  }

  /** How long to wait for an answer: the usual response time, or a short time if the provider is suspect. */
  get adaptiveTimeoutMs(): number {
    return this.isSuspect ? SUSPECT_TIMEOUT_MS : this.#usualMs();
  }

  /** Until when the provider asked the plugin to send no requests, in monotonic milliseconds. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /**
   * Records that a request is sent now. Call the result with the outcome of the request. Only the first call counts.
   *
   * @param halfOpenProbe sends another request; used while the circuit breaker is open. Its own rejection is ignored.
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

  /** Records an answer to a request that was not started by {@link asked}. */
  answered(outcome: 'answered' | 'login-refused' = 'answered'): void {
    this.#isLoginRefused = outcome === 'login-refused';
    this.#answeredAtMs = this.#clock.monotonic();
    this.#hasFailed = false;
    this.#breaker.succeeded();
  }

  /** Records a failure, with or without an answer. */
  failed(failure: Failure, halfOpenProbe: () => Promise<unknown>): void {
    this.#hasFailed = true;
    this.#breaker.failed(failure, halfOpenProbe);
  }

  /** Records that the provider asked the plugin to slow down. */
  pause(durationMs: number = PAUSE_MS): void {
    const untilMs = this.#clock.monotonic() + Math.max(MIN_PAUSE_MS, durationMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** Stops background work. */
  close(): void {
    this.#breaker.close();
  }

  #usualMs(): number {
    const [slowest = 0, slowestButOne = slowest] = this.#answersMs.toSorted((a, b) => b - a);
    return Math.max(MIN_ADAPTIVE_TIMEOUT_MS, UNUSUAL_FACTOR * slowestButOne);
  }

  /** A request that started before the latest answer does not count: it may just be slow, and the provider does answer. */
  #isOverdue(): boolean {
    for (const { requestedAtMs } of this.#open) {
      if (requestedAtMs >= this.#answeredAtMs)
        return this.#clock.monotonic() - requestedAtMs >= (this.#hasFailed ? SUSPECT_TIMEOUT_MS : this.#usualMs());
    }
    return false;
  }
}

/** Maps the error of a rejected request to its outcome. */
export function outcomeOf(error: unknown): RequestOutcome {
  if (error instanceof DeadlineExceeded) return 'timeout';
  // A used-up quota does not predict how requests end once there is quota again.
  if (!(error instanceof ProviderError) || error.code === 'RATE_LIMITED') return 'unknown';
  if (error.code === 'UNAUTHENTICATED') return 'login-refused';
  return error.code === 'UNAVAILABLE' ? 'unavailable' : 'answered';
}
