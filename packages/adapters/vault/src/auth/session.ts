import { backoffMs, type Clock, SingleFlight, sleep } from '@vault-swarm/kernel';
import { type Events, ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { classify } from '../error-code.ts';
import type { VaultCall, VaultResponse } from '../http-types.ts';
import { LoginBackoff } from './login-backoff.ts';
import { type AuthMethod, type Login, type LoginAttempt, loginWith } from './method.ts';
import { TokenLiveness } from './token-liveness.ts';
import { TokenUses } from './token-uses.ts';

/** The last time that a date can be made of. */
const MAX_TIME_MS = 8.64e15;

/** The current token. Times are monotonic milliseconds; `null`: never. */
interface Current {
  readonly token: string;
  readonly key: string;
  readonly sinceMs: number;
  /** Until then, a standby may not know the token yet and reject it. */
  readonly newUntilMs: number;
  readonly leaseMs: number | null;
  /** The token's lifetime since `sinceMs`, even if it is treated as unknown. */
  readonly lifeMs: number | null;
  readonly endsAtMs: number | null;
  renewAtMs: number | null;
  readonly renewable: boolean;
  /** `null`: any number. */
  readonly uses: TokenUses | null;
  readonly problem: string | undefined;
  /** Whether a request with it succeeded. */
  hasServed: boolean;
  /** How many renewals in a row failed. */
  failures: number;
}

/**
 * A standby may not know a new token yet and reject it. A rejection within this time is checked once more after a
 * wait.
 */
const NEW_FOR_MS = 2_000;
const SETTLE_MS = 300;
/** The backoff of failed renewals starts with this and doubles. */
const MIN_RENEWAL_PAUSE_MS = 5_000;
const MAX_RENEWAL_PAUSE_MS = 60_000;
/** Timers of more than 24 days fire at once. */
const MAX_TIMER_MS = 86_400_000;

/** The dependencies of a session. */
export interface SessionOptions {
  /** The instance's name in events. */
  readonly name: string;
  readonly client: VaultClient;
  readonly method: AuthMethod;
  readonly clock: Clock;
  /** Receives an event for each login and renewal. */
  readonly events: Events;
}

/**
 * Keeps the plugin logged in, with one login at a time. At two thirds of the token's lifetime it renews the token, or
 * logs in if the credentials changed. It logs in again if the token is invalid.
 */
export class Session {
  readonly #name: string;
  readonly #client: VaultClient;
  readonly #method: AuthMethod;
  readonly #clock: Clock;
  readonly #events: Events;
  /** A login continues even if no caller waits for it any more: the next caller needs it. */
  readonly #logins = new SingleFlight<Current>({ finish: true });
  readonly #liveness: TokenLiveness;
  readonly #backoff: LoginBackoff;
  #current: Current | undefined;
  #cancelTimer = () => {};
  #closed = false;

  constructor({ name, client, method, clock, events }: SessionOptions) {
    this.#name = name;
    this.#client = client;
    this.#method = method;
    this.#clock = clock;
    this.#events = events;
    this.#backoff = new LoginBackoff(clock, { grows: method.issuesTokens });
    this.#liveness = new TokenLiveness(client, clock);
  }

  /**
   * Sends a call with the current token. Returns a 403 only if the policy denies the request of a valid token.
   * @throws {ProviderError} `UNAUTHENTICATED` if the login is rejected or the token is invalid; as {@link
   * VaultClient.request} if there is no response.
   */
  async request(call: Omit<VaultCall, 'token'>): Promise<VaultResponse> {
    const answer = (await this.#try({ ...call, hasOtherToken: true })) ?? (await this.#try(call));
    return answer ?? Promise.reject(this.#deadToken());
  }

  /**
   * The current token, and for how many milliseconds it is valid unless it is renewed; `null`: it does not end, or that
   * is not known. Logs in if necessary.
   *
   * @throws {ProviderError} as {@link request}.
   */
  async login(signal: AbortSignal): Promise<{ readonly token: string; readonly leftMs: number | null }> {
    const { token, sinceMs, lifeMs } = await this.#token(signal);
    const leftMs = lifeMs === null ? null : Math.max(0, sinceMs + lifeMs - this.#clock.monotonic());
    return { token, leftMs };
  }

  /** Aborts logins and renewals. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#logins.abortAll();
    this.#liveness.close();
  }

  /** The response to the call; `null` if the token was invalid and was discarded. */
  async #try(call: Omit<VaultCall, 'token'>): Promise<VaultResponse | null> {
    const current = await this.#usable(call.signal);
    let answer = await this.#client.request({ ...call, token: current.token });
    let refusal = refusalIn(call, answer);
    if (refusal !== null && this.#clock.monotonic() < current.newUntilMs && current.uses?.areUsedUp !== true) {
      await sleep(this.#clock, SETTLE_MS, call.signal);
      current.uses?.take();
      answer = await this.#client.request({ ...call, token: current.token });
      refusal = refusalIn(call, answer);
    }
    if (refusal === null) current.hasServed = true;
    if (refusal === null || (await this.#isAlive(current, refusal, call))) return answer;
    this.#discard(current);
    return null;
  }

  /** Returns a token and takes one of its uses for the caller. */
  async #usable(signal: AbortSignal): Promise<Current> {
    for (;;) {
      const current = await this.#token(signal);
      if (current.uses?.areUsedUp !== true) {
        current.uses?.take();
        return current;
      }
      // Other callers that waited for this login took all of its uses. That was expected, so the next login needs no
      // backoff.
      if (this.#current === current) this.#drop();
    }
  }

  async #token(signal: AbortSignal): Promise<Current> {
    const current = this.#current;
    const now = this.#clock.monotonic();
    if (current !== undefined && (current.endsAtMs === null || now < current.endsAtMs)) {
      if (current.renewAtMs !== null && now >= current.renewAtMs) this.#renewInBackground(current);
      return current;
    }
    return this.#logins.join(
      'login',
      signal,
      (own) => this.#login(own),
      () => this.#cutOff(),
    );
  }

  async #login(signal: AbortSignal): Promise<Current> {
    this.#client.reloadCertificates();
    return this.#loginBy(this.#method.prepare(this.#client), signal);
  }

  async #loginBy(attempt: LoginAttempt, signal: AbortSignal): Promise<Current> {
    this.#backoff.check(attempt.key);
    try {
      const login = await attempt.login(signal);
      return this.#adopt(attempt.key, login, { uses: login.uses === null ? null : new TokenUses(login.uses) });
    } catch (error) {
      this.#backoff.failed(attempt.key, error);
      throw error;
    }
  }

  /** Makes a login current. `lifeMs` is the token's lifetime, even if it is treated as unknown. */
  #adopt(
    key: string,
    { token, leaseMs, renewable, problem }: Omit<Login, 'uses' | 'problem'> & { readonly problem?: string | undefined },
    { uses, lifeMs = leaseMs }: { readonly uses: TokenUses | null; readonly lifeMs?: number | null },
  ): Current {
    const sinceMs = this.#clock.monotonic();
    const mayRenew = leaseMs !== null && (renewable || this.#method.issuesTokens);
    this.#current = {
      token,
      key,
      sinceMs,
      newUntilMs: this.#method.issuesTokens && token !== this.#current?.token ? sinceMs + NEW_FOR_MS : sinceMs,
      leaseMs,
      lifeMs,
      endsAtMs: leaseMs !== null && this.#method.issuesTokens ? sinceMs + leaseMs : null,
      renewAtMs: mayRenew ? sinceMs + (leaseMs * 2) / 3 : null,
      // A renewal would cost a use; a login returns a token with all uses.
      renewable: renewable && !(uses !== null && this.#method.issuesTokens),
      uses,
      problem,
      hasServed: false,
      failures: 0,
    };
    this.#setTimer(this.#current);
    const expiresAtMs = lifeMs === null ? null : Math.min(this.#clock.now() + lifeMs, MAX_TIME_MS);
    this.#events.emit({
      type: 'provider.login',
      provider: this.#name,
      expiresAtMs,
      ...(problem === undefined ? {} : { problem }),
    });
    return this.#current;
  }

  /** Renews the token in time even if it is not used: a configured token could not be replaced. */
  #setTimer(current: Current): void {
    this.#cancelTimer();
    if (current.renewAtMs === null || this.#closed) return;
    const leftMs = current.renewAtMs - this.#clock.monotonic();
    this.#cancelTimer = this.#clock.after(Math.min(Math.max(leftMs, 0), MAX_TIMER_MS), () => {
      const { renewAtMs, endsAtMs } = current;
      const now = this.#clock.monotonic();
      // If it has expired, the next caller logs in.
      if (this.#current !== current || renewAtMs === null || now >= (endsAtMs ?? Infinity)) return;
      if (now < renewAtMs) this.#setTimer(current);
      else this.#renewInBackground(current);
    });
  }

  /** Callers use the current token meanwhile, so a failed renewal affects none of them and is retried. */
  #renewInBackground(current: Current): void {
    const pauseMs = backoffMs(MIN_RENEWAL_PAUSE_MS, MAX_RENEWAL_PAUSE_MS, current.failures);
    current.failures++;
    current.renewAtMs = this.#clock.monotonic() + pauseMs;
    this.#setTimer(current);
    const renewal = this.#logins.join(
      'login',
      new AbortController().signal,
      (signal) => this.#renew(current, signal),
      () => this.#cutOff(),
    );
    renewal.catch(() => {});
  }

  async #renew(current: Current, signal: AbortSignal): Promise<Current> {
    const changed = await this.#loginIfChanged(current, signal);
    if (changed !== null) return changed;
    if (current.renewable) {
      const renewed = await this.#renewSelf(current, signal);
      // Near its maximum lifetime, Vault extends a token by less than requested. A new token is then better.
      const enough = renewed !== null && (renewed.leaseMs ?? Infinity) * 2 > (current.leaseMs ?? 0);
      if (renewed !== null && (enough || !this.#method.issuesTokens)) {
        const { leaseMs: lifeMs } = renewed;
        const { key, problem, uses } = current;
        return this.#adopt(key, { ...renewed, problem, leaseMs: enough ? lifeMs : null }, { uses, lifeMs });
      }
    }
    if (this.#method.issuesTokens) return this.#login(signal);
    current.renewAtMs = null;
    return current;
  }

  /** Logs in if the credentials changed; `null` if they did not, or the new ones are rejected. */
  async #loginIfChanged(current: Current, signal: AbortSignal): Promise<Current | null> {
    try {
      this.#client.reloadCertificates();
      const attempt = this.#method.prepare(this.#client);
      return attempt.key === current.key ? null : await this.#loginBy(attempt, signal);
    } catch {
      // The current token stays valid. The problem of the new credentials is reported when they are needed.
      return null;
    }
  }

  /** Returns the renewed token; `null` if it can't be renewed any more. */
  async #renewSelf({ token, uses }: Current, signal: AbortSignal): Promise<Login | null> {
    uses?.take();
    try {
      const advice = 'its maximum lifetime may be over';
      return await loginWith(this.#client, 'auth/token/renew-self', {}, signal, {
        token,
        method: 'token renewal',
        advice,
        // The session schedules its own retries.
        isRepeatable: false,
      });
    } catch (error) {
      if (error instanceof ProviderError && error.code === 'UNAUTHENTICATED') return null;
      throw error;
    }
  }

  /**
   * @param code of a rejection: Vault says that the token is invalid, OpenBao says "permission denied" in all cases.
   */
  async #isAlive({ token, uses }: Current, code: ProviderErrorCode, call: Omit<VaultCall, 'token'>): Promise<boolean> {
    if (code === 'UNAUTHENTICATED') return false;
    if (this.#liveness.isKnown(token)) return true;
    // Its last use is taken, so it can't be looked up. The call is sent again with the next token, whose result counts.
    if (uses?.areUsedUp === true) return call.hasOtherToken !== true;
    // Another caller discarded it after the call was sent.
    if (this.#current?.token !== token) return false;
    return this.#liveness.ask(token, uses, call.signal);
  }

  /** Discards an invalid token, unless another caller replaced it already. */
  #discard(current: Current): void {
    if (this.#current?.token !== current.token) return;
    this.#drop();
    // The end of a token with limited uses is expected; other clients may have used it too.
    if (current.uses !== null && (current.hasServed || current.uses.areUsedUp)) return;
    this.#backoff.died(current.key, this.#clock.monotonic() - current.sinceMs, this.#deadToken());
  }

  #drop(): void {
    this.#current = undefined;
    this.#cancelTimer();
  }

  #deadToken(): ProviderError {
    return new ProviderError(
      'UNAUTHENTICATED',
      `${this.#client.server} rejects the token of the last login; check what revokes it, and the limits of its role`,
    );
  }

  #cutOff(): ProviderError {
    return new ProviderError('UNAVAILABLE', `the login to ${this.#client.server} was aborted`);
  }
}

/** The code of a response that rejects the token or the request; `null` for any other. */
function refusalIn(
  { operation }: Pick<VaultCall, 'operation'>,
  answer: VaultResponse,
): 'ACCESS_DENIED' | 'UNAUTHENTICATED' | null {
  const verdict = classify(operation, answer);
  if (verdict === 'ok') return null;
  return verdict.code === 'ACCESS_DENIED' || verdict.code === 'UNAUTHENTICATED' ? verdict.code : null;
}
