import { type Clock, SingleFlight } from '@vault-swarm/kernel';
import { type Events, ProviderError } from '@vault-swarm/provider';

/** A token of an identity service. */
export interface AccessToken {
  readonly token: string;
  /** For how long it is valid from now on. */
  readonly expiresInMs: number;
}

/** The dependencies of {@link AccessTokens}. */
export interface AccessTokensOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly clock: Clock;
  /** Receives an event for each new token. */
  readonly events: Events;
  /** Requests a token. Rejects with a `ProviderError`. It has its own deadline. */
  readonly request: (signal: AbortSignal) => Promise<AccessToken>;
}

/** How long before its end a token is renewed; a token of a shorter life at half of it. */
const RENEWED_BEFORE_MS = 5 * 60_000;
/** The minimum time between two requests after a rejection. */
const REPEATED_AFTER_MS = 5_000;

interface Known extends AccessToken {
  readonly atMs: number;
}

/**
 * The access token of one provider instance. Callers share one request. A token is renewed in the background before it
 * ends, and at once if the provider rejects it. While it is valid, a failing identity service has no effect.
 */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  readonly #flights = new SingleFlight<Known>({ finish: false });
  #known: Known | undefined;
  #latestRejection: { readonly error: ProviderError; readonly atMs: number } | undefined;

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  /** The token for a call. Rejects with the error of the identity service. A rejected login is not repeated for 5 s. */
  async token(signal: AbortSignal): Promise<string> {
    const known = this.#known;
    const remainingMs = known === undefined ? 0 : this.#remainingMs(known);
    if (known === undefined || remainingMs <= 0) return (await this.#ask(signal)).token;
    const isNearItsEnd = remainingMs <= Math.min(RENEWED_BEFORE_MS, known.expiresInMs / 2);
    // In the background: an event reports a failure, and the token is still valid.
    if (isNearItsEnd) this.#ask(new AbortController().signal).catch(() => undefined);
    return known.token;
  }

  /**
   * Call it if the provider rejected a token. Resolves to another one, or to `null` if there is none, or if the token is
   * so new that another one would be rejected too.
   */
  async renewed(rejected: string, signal: AbortSignal): Promise<string | null> {
    if (this.#known?.token === rejected) {
      if (this.#options.clock.monotonic() - this.#known.atMs < REPEATED_AFTER_MS) return null;
      this.#known = undefined;
    }
    const token = await this.token(signal);
    return token === rejected ? null : token;
  }

  async #ask(signal: AbortSignal): Promise<Known> {
    const { clock } = this.#options;
    const rejection = this.#latestRejection;
    if (rejection !== undefined && clock.monotonic() - rejection.atMs < REPEATED_AFTER_MS) throw rejection.error;
    return this.#flights.join(
      'token',
      signal,
      (own) => this.#load(own),
      () => new ProviderError('UNAVAILABLE', `${this.#options.name}: the login was aborted`),
    );
  }

  async #load(signal: AbortSignal): Promise<Known> {
    const { name: provider, clock, events, request } = this.#options;
    // Counted from the start of the request, so that a slow one does not make it last longer.
    const atMs = clock.monotonic();
    try {
      const known = { ...(await request(signal)), atMs };
      this.#known = known;
      this.#latestRejection = undefined;
      events.emit({ type: 'provider.login', provider, expiresAtMs: clock.now() + this.#remainingMs(known) });
      return known;
    } catch (error) {
      const failure = ProviderError.from(error, `${provider}: the login failed`);
      if (failure.code !== 'UNAVAILABLE') this.#latestRejection = { error: failure, atMs: clock.monotonic() };
      throw failure;
    }
  }

  #remainingMs({ atMs, expiresInMs }: Known): number {
    return atMs + expiresInMs - this.#options.clock.monotonic();
  }
}
