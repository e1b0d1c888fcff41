import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent, ProviderErrorCode } from '@vault-swarm/provider';
import { type Percentiles, RecentDurations } from './recent-durations.ts';

/**
 * How a provider does. `unused`: nobody asked it yet. `failing`: its latest request, or the rotation's check its
 * secrets, failed in a way that may pass. `circuit-open`: it does not answer, so it is asked by trials only.
 */
export type ProviderState = 'ok' | 'failing' | 'circuit-open' | 'unused';

/** What is known of one provider. Times in milliseconds since 1970. */
export interface ProviderSummary extends Percentiles {
  readonly name: string;
  readonly state: ProviderState;
  /** Since when it has this state. */
  readonly sinceMs: number;
  /** The latest that went wrong, also where all is well again. */
  readonly lastError: { readonly code: ProviderErrorCode; readonly message: string; readonly atMs: number } | null;
  /** Requests that its adapter sent, and how many of them failed in a way that may pass: not those for what is not there. */
  readonly requests: number;
  readonly errors: number;
  readonly lastAnswerAtMs: number | null;
  /** When we last logged in, or renewed that; `null` where that was not yet, or is not needed. */
  readonly loggedInAtMs: number | null;
  /** When our login ends unless it is renewed; `null`: never, or nobody can say. */
  readonly loginExpiresAtMs: number | null;
  /** What the operator should change about our login, though it works; `null` where nothing. */
  readonly loginProblem: string | null;
}

/** Counts what is asked of each configured provider, and tells how it does. */
export class ProviderStats {
  readonly #byName: ReadonlyMap<string, Provider>;

  /** @param names of the configured instances; others are not counted. */
  constructor(clock: Clock, names: readonly string[]) {
    this.#byName = new Map(names.map((name) => [name, new Provider(clock)]));
  }

  /** To be called with every event. */
  observe(event: ProductEvent): void {
    if ('provider' in event && event.provider !== undefined) this.#byName.get(event.provider)?.observe(event);
  }

  /** All providers as they are now, in the order of their configuration. */
  summaries(): readonly ProviderSummary[] {
    return [...this.#byName].map(([name, provider]) => ({ name, ...provider.summary() }));
  }
}

/** Whether a request failed on the provider's side, in a way that may pass. */
export function isProvidersFailure(outcome: 'ok' | ProviderErrorCode): boolean {
  return outcome === 'UNAVAILABLE' || outcome === 'UNAUTHENTICATED' || outcome === 'RATE_LIMITED';
}

class Provider {
  readonly #clock: Clock;
  readonly #durations: RecentDurations;
  #isUsed = false;
  #isCircuitOpen = false;
  /** What the rotation's latest check its secrets found, and how its latest request ended. */
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
    this.#requestFailed = isProvidersFailure(outcome);
    if (outcome === 'ok' || !this.#requestFailed) {
      this.#answered();
      return;
    }
    this.#errors += 1;
    // The rotation's look tells in a sentence what is wrong; a request tells only its code.
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
