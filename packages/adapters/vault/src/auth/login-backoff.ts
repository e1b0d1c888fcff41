import { backoffMs, type Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';

/** After the first refused login; twice as long after each further one, so that no 10 s see more than two. */
const MIN_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
/** A token that dies sooner counts against the credentials, so that a dead one can't cause a storm of logins. */
const EARLY_DEATH_MS = 10_000;
/** The pause after a login that a quota refuses without saying how long. */
const LIMITED_PAUSE_MS = 1_000;

/** Credentials that were refused, or whose tokens die early: not tried again before `untilMs`. */
interface Refusal {
  readonly key: string;
  readonly untilMs: number;
  readonly error: ProviderError;
}

/** When a login may be tried: at once, or after a pause where the same credentials were refused. */
export class LoginBackoff {
  readonly #clock: Clock;
  readonly #grows: boolean;
  #refusal: Refusal | undefined;
  #strikes = 0;

  /**
   * @param grows whether a pause is longer for each refusal in a row. To ask about a token that somebody else made is no
   * login: it costs Vault little and locks nobody out, so it is not put off for longer.
   */
  constructor(clock: Clock, { grows }: { readonly grows: boolean }) {
    this.#clock = clock;
    this.#grows = grows;
  }

  /**
   * Returns where the credentials with this key may be tried now.
   * @throws {ProviderError} what they were refused with, where not; for a quota, with what is left to wait.
   */
  check(key: string): void {
    const refusal = this.#refusal;
    const leftMs = refusal?.key === key ? refusal.untilMs - this.#clock.monotonic() : 0;
    if (refusal === undefined || leftMs <= 0) return;
    const { code, message } = refusal.error;
    if (code !== 'RATE_LIMITED') throw refusal.error;
    throw new ProviderError(code, message, { retryAfterMs: Math.ceil(leftMs) });
  }

  /** Takes note of a login that failed. Only refusals and quotas make a pause: a server that is away may come back. */
  failed(key: string, error: unknown): void {
    if (!(error instanceof ProviderError)) return;
    if (error.code === 'UNAUTHENTICATED') {
      this.#strikes++;
      this.#refuse(key, error, this.#pauseMs());
    }
    if (error.code === 'RATE_LIMITED') this.#refuse(key, error, Math.max(error.retryAfterMs ?? 0, LIMITED_PAUSE_MS));
  }

  /** Takes note of a token that turned out to be dead, `ageMs` after these credentials gave it. */
  died(key: string, ageMs: number, error: ProviderError): void {
    if (ageMs >= EARLY_DEATH_MS) {
      this.#strikes = 0;
      return;
    }
    // The first early death may be a revocation: a new login is tried at once.
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
