import { type Clock, type Events, ProviderError, SingleFlight } from '@vault-swarm/provider';
import type { VaultAnswer, VaultCall } from '../answer.ts';
import type { VaultClient } from '../client.ts';
import { lookupToken, saysInvalidToken } from './lookup.ts';
import { type AuthMethod, type Login, type LoginAttempt, loginWith } from './method.ts';

/** The token in use. Times are the clock's monotonic milliseconds; `null`: never. */
interface Current {
  readonly token: string;
  readonly key: string;
  readonly sinceMs: number;
  readonly leaseMs: number | null;
  readonly endsAtMs: number | null;
  renewAtMs: number | null;
  readonly renewable: boolean;
}

/** Credentials that were refused, or whose tokens die early: not tried again before `untilMs`. */
interface Refusal {
  readonly key: string;
  readonly untilMs: number;
  readonly error: ProviderError;
}

/** After the first refused login; twice as long after each further one, so that no 10 s see more than two. */
const MIN_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
/** A token that dies sooner counts against the credentials, so that a dead one can't cause a storm of logins. */
const EARLY_DEATH_MS = 10_000;
/** How long the answer "the token is alive" is taken for true, so that many refusals at once ask once. */
const ALIVE_FOR_MS = 1_000;
/** The pause after a login that a quota refuses without saying how long. */
const LIMITED_PAUSE_MS = 1_000;
const RENEW_AGAIN_MS = 5_000;

/** What keeping us logged in needs. */
export interface SessionOptions {
  /** The instance's name, in events. */
  readonly name: string;
  readonly client: VaultClient;
  readonly method: AuthMethod;
  readonly clock: Clock;
  /** Is told of each login and renewal. */
  readonly events: Events;
}

/**
 * Keeps us logged in: one login at a time, a renewal at two thirds of the token's life, a new login when the token
 * turns out to be dead. It looks at the time when it is used, and has no timers of its own.
 */
export class Session {
  readonly #name: string;
  readonly #client: VaultClient;
  readonly #method: AuthMethod;
  readonly #clock: Clock;
  readonly #events: Events;
  /** A login is worth ending even where nobody waits for it any more: the next caller needs it. */
  readonly #logins = new SingleFlight<Current>({ finish: true });
  readonly #lookups = new SingleFlight<boolean>({ finish: true });
  #current: Current | undefined;
  #refusal: Refusal | undefined;
  #strikes = 0;
  #aliveUntil: { readonly token: string; readonly ms: number } | undefined;

  constructor({ name, client, method, clock, events }: SessionOptions) {
    this.#name = name;
    this.#client = client;
    this.#method = method;
    this.#clock = clock;
    this.#events = events;
  }

  /**
   * Sends a call with our token. A 403 is handed on only where it is a policy's refusal of a live token.
   * @throws {ProviderError} `UNAUTHENTICATED` where our login is refused or our token is dead; as
   * {@link VaultClient.request} where there is no answer.
   */
  async request(call: Omit<VaultCall, 'token'>): Promise<VaultAnswer> {
    return (await this.#try(call)) ?? (await this.#try(call)) ?? Promise.reject(this.#deadToken());
  }

  /** Cuts off logins and renewals. */
  close(): void {
    this.#logins.abortAll();
    this.#lookups.abortAll();
  }

  /** The answer to the call; `null` where the token turned out to be dead, and was dropped. */
  async #try(call: Omit<VaultCall, 'token'>): Promise<VaultAnswer | null> {
    const token = await this.#token(call.signal);
    const answer = await this.#client.request({ ...call, token });
    if (answer.status !== 403 || (await this.#isAlive(token, answer, call.signal))) return answer;
    this.#discard(token);
    return null;
  }

  async #token(signal: AbortSignal): Promise<string> {
    const current = this.#current;
    const now = this.#clock.monotonic();
    if (current !== undefined && (current.endsAtMs === null || now < current.endsAtMs)) {
      if (current.renewAtMs !== null && now >= current.renewAtMs) this.#renewInBackground(current);
      return current.token;
    }
    return (
      await this.#logins.join(
        'login',
        signal,
        (own) => this.#login(own),
        () => this.#cutOff(),
      )
    ).token;
  }

  async #login(signal: AbortSignal): Promise<Current> {
    const attempt = this.#method.prepare();
    const refusal = this.#refusal;
    const leftMs = refusal?.key === attempt.key ? refusal.untilMs - this.#clock.monotonic() : 0;
    if (refusal !== undefined && leftMs > 0) throw stillRefused(refusal.error, leftMs);
    try {
      return this.#adopt(attempt, await attempt.login(this.#client, signal));
    } catch (error) {
      if (error instanceof ProviderError && error.code === 'UNAUTHENTICATED') {
        this.#strikes++;
        this.#refuse(attempt.key, error, this.#pauseMs());
      }
      if (error instanceof ProviderError && error.code === 'RATE_LIMITED') {
        this.#refuse(attempt.key, error, Math.max(error.retryAfterMs ?? 0, LIMITED_PAUSE_MS));
      }
      throw error;
    }
  }

  /** @param lifeMs how long the token lives, also where it is treated as if nobody could say. */
  #adopt(attempt: LoginAttempt, { token, leaseMs, renewable }: Login, lifeMs = leaseMs): Current {
    const sinceMs = this.#clock.monotonic();
    const mayRenew = leaseMs !== null && (renewable || this.#method.issuesTokens);
    this.#current = {
      token,
      key: attempt.key,
      sinceMs,
      leaseMs,
      endsAtMs: leaseMs !== null && this.#method.issuesTokens ? sinceMs + leaseMs : null,
      renewAtMs: mayRenew ? sinceMs + (leaseMs * 2) / 3 : null,
      renewable,
    };
    const expiresAtMs = lifeMs === null ? null : this.#clock.now() + lifeMs;
    this.#events.emit({ type: 'provider.login', provider: this.#name, expiresAtMs });
    return this.#current;
  }

  /** Callers go on with the present token meanwhile, so a failure concerns none of them: it is tried again. */
  #renewInBackground(current: Current): void {
    current.renewAtMs = this.#clock.monotonic() + RENEW_AGAIN_MS;
    const renewal = this.#logins.join(
      'login',
      new AbortController().signal,
      (signal) => this.#renew(current, signal),
      () => this.#cutOff(),
    );
    renewal.catch(() => {});
  }

  async #renew(current: Current, signal: AbortSignal): Promise<Current> {
    const attempt: LoginAttempt = {
      key: current.key,
      login: (client, own) =>
        loginWith(client, 'auth/token/renew-self', {}, own, {
          token: current.token,
          method: 'token renewal',
          advice: 'its longest life may be over',
        }),
    };
    if (current.renewable) {
      const renewed = await attempt.login(this.#client, signal).catch((error: unknown) => {
        if (error instanceof ProviderError && error.code === 'UNAUTHENTICATED') return null;
        throw error;
      });
      // Near its longest life Vault gives a token less than was asked for: then a new one is better.
      const enough = renewed !== null && (renewed.leaseMs ?? Infinity) * 2 > (current.leaseMs ?? 0);
      if (renewed !== null && (enough || !this.#method.issuesTokens)) {
        return this.#adopt(attempt, { ...renewed, leaseMs: enough ? renewed.leaseMs : null }, renewed.leaseMs);
      }
    }
    if (this.#method.issuesTokens) return this.#login(signal);
    current.renewAtMs = null;
    return current;
  }

  async #isAlive(token: string, answer: VaultAnswer, signal: AbortSignal): Promise<boolean> {
    // Another caller has dropped it since the call was sent.
    if (this.#current?.token !== token || saysInvalidToken(answer)) return false;
    const known = this.#aliveUntil;
    if (known?.token === token && this.#clock.monotonic() < known.ms) return true;
    return this.#lookups.join(
      token,
      signal,
      async (own) => {
        const askedAtMs = this.#clock.monotonic();
        const { alive } = await lookupToken(this.#client, token, own);
        if (alive) this.#aliveUntil = { token, ms: askedAtMs + ALIVE_FOR_MS };
        return alive;
      },
      () => this.#cutOff(),
    );
  }

  /** Drops a dead token, unless another caller has replaced it already. */
  #discard(token: string): void {
    const current = this.#current;
    if (current?.token !== token) return;
    this.#current = undefined;
    if (this.#clock.monotonic() - current.sinceMs >= EARLY_DEATH_MS) {
      this.#strikes = 0;
      return;
    }
    // The first early death may be a revocation: a new login is tried at once.
    this.#strikes++;
    if (this.#strikes > 1) this.#refuse(current.key, this.#deadToken(), this.#pauseMs());
  }

  /**
   * Twice as long for each refusal in a row. To ask about a token that somebody else made is no login: it costs Vault
   * little and locks nobody out, so it is not put off for longer.
   */
  #pauseMs(): number {
    if (!this.#method.issuesTokens) return MIN_PAUSE_MS;
    return Math.min(MIN_PAUSE_MS * 2 ** Math.min(this.#strikes - 1, 10), MAX_PAUSE_MS);
  }

  #refuse(key: string, error: ProviderError, forMs: number): void {
    this.#refusal = { key, error, untilMs: this.#clock.monotonic() + forMs };
  }

  #deadToken(): ProviderError {
    return new ProviderError(
      'UNAUTHENTICATED',
      `${this.#client.server} refuses the token of our last login; look for what revokes it, or for its role's limits`,
    );
  }

  #cutOff(): ProviderError {
    return new ProviderError('UNAVAILABLE', `the login to ${this.#client.server} was cut off`);
  }
}

/** The error of a login that is not tried again yet; where a quota is used up, with what is left to wait. */
function stillRefused(error: ProviderError, leftMs: number): ProviderError {
  const { code, message } = error;
  return code === 'RATE_LIMITED' ? new ProviderError(code, message, { retryAfterMs: Math.ceil(leftMs) }) : error;
}
