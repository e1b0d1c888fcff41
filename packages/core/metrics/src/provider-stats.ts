import type { Clock } from '@vault-swarm/kernel';
import { isOutageCode, type ProductEvent, type ProviderErrorCode } from '@vault-swarm/provider';
import { type Percentiles, RecentDurations } from './recent-durations.ts';

/**
 * The state of a provider.
 *
 * - `unused`: there was no request yet.
 * - `failing`: its latest request, or the rotation's latest poll of its secrets, failed in a way that may pass.
 * - `circuit-open`: it does not answer, so only half-open probes are sent.
 */
export type ProviderState = 'ok' | 'failing' | 'circuit-open' | 'unused';

/** The statistics of one provider. Times are in milliseconds since 1970. */
export interface ProviderSummary extends Percentiles {
  readonly name: string;
  readonly state: ProviderState;
  /** When this state started. */
  readonly sinceMs: number;
  /** The latest error. It stays after the provider has recovered. */
  readonly lastError: { readonly code: ProviderErrorCode; readonly message: string; readonly atMs: number } | null;
  /**
   * The requests that its adapter sent, and how many of them failed in a way that may pass. A request for a missing
   * secret is no error.
   */
  readonly requests: number;
  readonly errors: number;
  readonly lastAnswerAtMs: number | null;
  /** When the plugin last logged in or renewed its login; `null` if it has not done so yet, or needs no login. */
  readonly loggedInAtMs: number | null;
  /** When the plugin's login expires unless it is renewed; `null`: never, or not known. */
  readonly loginExpiresAtMs: number | null;
  /** What the operator should change about the login, although it works; `null` if nothing. */
  readonly loginProblem: string | null;
}

/** Counts the requests to each configured provider, and derives the provider's state. */
export class ProviderStats {
  readonly #byName: ReadonlyMap<string, Provider>;

  /** @param names the configured instances; others are not counted. */
  constructor(clock: Clock, names: readonly string[]) {
    this.#byName = new Map(names.map((name) => [name, new Provider(clock)]));
  }

  /** Call this with every event. */
  observe(event: ProductEvent): void {
    if ('provider' in event && event.provider !== undefined) this.#byName.get(event.provider)?.observe(event);
  }

  /** The current statistics of all providers, in the order of their configuration. */
  summaries(): readonly ProviderSummary[] {
    return [...this.#byName].map(([name, provider]) => ({ name, ...provider.summary() }));
  }
}

class Provider {
  readonly #clock: Clock;
  readonly #durations: RecentDurations;
  #isUsed = false;
  #isCircuitOpen = false;
  /** Whether the rotation's latest poll of its secrets failed, and whether its latest request failed. */
  #lookFailed = false;
  #requestFailed = false;
  #state: ProviderState = 'unused';
  #sinceMs: number;
  #lastError: ProviderSummary['lastError'] = null;
  #requests = 0;
  #errors = 0;
  #lastAnswerAtMs: number | null = null;
  #loggedInAtMs: number | null = null;
  #loginExpiresAtMs: number | null = null;
  #loginProblem: string | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#durations = new RecentDurations(clock);
    this.#sinceMs = clock.now();
  }

  observe(event: ProductEvent): void {
    switch (event.type) {
      case 'provider.request-completed':
        this.#requested(event);
        break;
      case 'provider.failed':
        this.#isUsed = true;
        this.#lookFailed = true;
        this.#lastError = { code: event.code, message: event.message, atMs: this.#clock.now() };
        break;
      case 'provider.recovered':
        this.#lookFailed = false;
        this.#answered();
        break;
      case 'circuit-breaker.changed':
        this.#isCircuitOpen = event.open;
        break;
      case 'provider.login':
        this.#loggedInAtMs = this.#clock.now();
        this.#loginExpiresAtMs = event.expiresAtMs;
        this.#loginProblem = event.problem ?? null;
        return;
      case 'revision.changed':
        this.#answered();
        break;
      case 'secret.delivered':
        if (event.source !== 'provider') return;
        this.#answered();
        break;
      default:
        return;
    }
    this.#settle();
  }

  summary(): Omit<ProviderSummary, 'name'> {
    return {
      state: this.#state,
      sinceMs: this.#sinceMs,
      lastError: this.#lastError,
      requests: this.#requests,
      errors: this.#errors,
      lastAnswerAtMs: this.#lastAnswerAtMs,
      loggedInAtMs: this.#loggedInAtMs,
      loginExpiresAtMs: this.#loginExpiresAtMs,
      loginProblem: this.#loginProblem,
      ...this.#durations.percentiles(),
    };
  }

  #requested(event: Extract<ProductEvent, { readonly type: 'provider.request-completed' }>): void {
    const { operation, outcome, durationMs, isRepeated = false } = event;
    this.#isUsed = true;
    this.#requests += 1;
    if (isRepeated) return;
    this.#durations.record(durationMs);
    this.#requestFailed = isOutageCode(outcome);
    if (outcome === 'ok' || !this.#requestFailed) {
      this.#answered();
      return;
    }
    this.#errors += 1;
    // The rotation's poll reports the problem in a sentence, a request only its code. So the sentence is kept.
    if (this.#lookFailed && this.#lastError?.code === outcome) return;
    this.#lastError = { code: outcome, message: `its latest request (${operation}) failed`, atMs: this.#clock.now() };
  }

  #answered(): void {
    this.#isUsed = true;
    this.#lastAnswerAtMs = this.#clock.now();
  }

  #settle(): void {
    const state = this.#isCircuitOpen
      ? 'circuit-open'
      : this.#lookFailed || this.#requestFailed
        ? 'failing'
        : this.#isUsed
          ? 'ok'
          : 'unused';
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceMs = this.#clock.now();
  }
}
