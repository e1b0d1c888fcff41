import { backoffMs, type Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';

/**
 * The backoff after the first rejected login. It doubles after each further one, so there are never more than two in
 * 10 s.
 */
const MIN_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
/** A token that becomes invalid sooner counts as a rejection of its credentials, to prevent a storm of logins. */
const EARLY_DEATH_MS = 10_000;
/** The backoff after a quota rejection without a Retry-After. */
const LIMITED_PAUSE_MS = 1_000;

/** Credentials that were rejected, or whose tokens become invalid early. They are not tried before `untilMs`. */
interface Refusal {
  readonly key: string;
  readonly untilMs: number;
  readonly error: ProviderError;
}

/** Decides when a login may be tried: at once, or after a backoff if the same credentials were rejected. */
export class LoginBackoff {
  readonly #clock: Clock;
  readonly #grows: boolean;
  #refusal: Refusal | undefined;
  #strikes = 0;

  /**
   * @param grows whether the backoff grows with each rejection in a row. A lookup of a configured token is not a
   * login: it costs Vault little and locks no user out, so its backoff does not grow.
   */
  constructor(clock: Clock, { grows }: { readonly grows: boolean }) {
    this.#clock = clock;
    this.#grows = grows;
  }

  /**
   * Returns if the credentials with this key may be tried now.
   * @throws {ProviderError} the earlier rejection, if not; for a quota, with the remaining wait.
   */
  check(key: string): void {
    const refusal = this.#refusal;
    const leftMs = refusal?.key === key ? refusal.untilMs - this.#clock.monotonic() : 0;
    if (refusal === undefined || leftMs <= 0) return;
    const { code, message } = refusal.error;
    if (code !== 'RATE_LIMITED') throw refusal.error;
    throw new ProviderError(code, message, { retryAfterMs: Math.ceil(leftMs) });
  }

  /**
   * Records a failed login. Only rejections and quotas cause a backoff: an unreachable server may be reachable again.
   */
  failed(key: string, error: unknown): void {
    if (!(error instanceof ProviderError)) return;
    if (error.code === 'UNAUTHENTICATED') {
      this.#strikes++;
      this.#refuse(key, error, this.#pauseMs());
    }
    if (error.code === 'RATE_LIMITED') this.#refuse(key, error, Math.max(error.retryAfterMs ?? 0, LIMITED_PAUSE_MS));
  }

  /** Records that a token became invalid `ageMs` after these credentials returned it. */
  died(key: string, ageMs: number, error: ProviderError): void {
    if (ageMs >= EARLY_DEATH_MS) {
      this.#strikes = 0;
      return;
    }
    // The first early end may be a revocation: a new login is tried at once.
    this.#strikes++;
    if (this.#strikes > 1) this.#refuse(key, error, this.#pauseMs());
  }

  #pauseMs(): number {
    if (!this.#grows) return MIN_PAUSE_MS;
    return backoffMs(MIN_PAUSE_MS, MAX_PAUSE_MS, this.#strikes - 1);
  }

  #refuse(key: string, error: ProviderError, forMs: number): void {
    this.#refusal = { key, error, untilMs: this.#clock.monotonic() + forMs };
  }
}
