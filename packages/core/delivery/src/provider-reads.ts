import { type Clock, withDeadline } from '@vault-swarm/kernel';
import {
  describeRef,
  type Events,
  ProviderError,
  type ProviderInstance,
  type ReadOptions,
  type RevisionOrder,
  refKey,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import type { DecryptedValues } from './decrypted-values.ts';
import type { EvictedValues } from './evicted-values.ts';
import { NegativeCache } from './negative-cache.ts';
import { NewestRevisions } from './newest-revisions.ts';
import { outcomeOf, ProviderHealth } from './provider-health.ts';
import type { RevisionCache } from './revision-cache.ts';

/** Finds a configured provider by its name. Resolves when the provider is ready. Rejects if it can never be ready. */
export type FindProvider = (name: string) => Promise<ProviderInstance>;

/** The maximum age of a cached refusal. It is short, so that a fix at the provider takes effect quickly. */
const REFUSAL_MAX_AGE_MS = 1_000;

/**
 * The secrets of a task are requested one after the other. So a read for one field also serves requests for other
 * fields for this time.
 */
const SHARED_MS = 2_000;

/** The backoff before a stale read is repeated. It doubles with each repetition. */
const FIRST_REPETITION_MS = 50;
/** After repetitions that failed, stale reads of that provider are not repeated for this time. */
const LAGGING_MS = 10_000;

/** How a read that callers share is made. */
interface SharedReadOptions {
  readonly limitMs: number;
  /** Whether it may be retried after a pause that the provider asked for. */
  readonly mayWait: boolean;
  /** The service whose request starts the read; see `ReadOptions`. */
  readonly consumer?: string | undefined;
}

/**
 * Reads current values. Concurrent requests for a ref share one read. While the provider's circuit breaker is open,
 * requests are rejected at once. Only `fresh` does neither.
 */
export class ProviderReads {
  /** As {@link FindProvider}. */
  readonly findProvider: FindProvider;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #cache: RevisionCache;
  readonly #dropped: EvictedValues;
  readonly #decrypted: DecryptedValues;
  readonly #deadlineMs: number;
  readonly #sharedMs: number;
  #isSharing = true;
  readonly #refusals: NegativeCache;
  readonly #flights = new Map<string, Promise<SecretRevision>>();
  readonly #newest: NewestRevisions;
  readonly #repetitions = new Map<string, Promise<SecretRevision | null>>();
  /** By provider. */
  readonly #healths = new Map<string, ProviderHealth>();
  /** By provider, once it is ready. */
  readonly #orders = new Map<string, RevisionOrder | null>();
  /** By provider, in monotonic milliseconds. */
  readonly #laggingUntilMs = new Map<string, number>();

  constructor(
    ports: {
      readonly findProvider: FindProvider;
      readonly clock: Clock;
      readonly events: Events;
      readonly cache: RevisionCache;
      readonly dropped: EvictedValues;
      readonly decrypted: DecryptedValues;
    },
    limits: { readonly deadlineMs: number; readonly cacheMaxAgeMs: number },
  ) {
    this.findProvider = async (name) => {
      const provider = await ports.findProvider(name);
      this.#orders.set(name, provider.order);
      return provider;
    };
    this.#newest = new NewestRevisions(ports.clock);
    this.#clock = ports.clock;
    this.#events = ports.events;
    this.#cache = ports.cache;
    this.#dropped = ports.dropped;
    this.#decrypted = ports.decrypted;
    this.#deadlineMs = limits.deadlineMs;
    this.#sharedMs = Math.min(SHARED_MS, limits.cacheMaxAgeMs);
    this.#refusals = new NegativeCache(ports.clock, Math.min(REFUSAL_MAX_AGE_MS, limits.cacheMaxAgeMs));
  }

  /** Whether a read may answer requests that arrived after the read started. */
  get isSharing(): boolean {
    return this.#isSharing;
  }

  /** Sets whether one read may serve several requests. If not, each request gets a read of its own. */
  share(isSharing: boolean): void {
    this.#isSharing = isSharing;
  }

  /** The health of a provider. */
  health(provider: string): ProviderHealth {
    let health = this.#healths.get(provider);
    if (health === undefined) {
      health = new ProviderHealth(this.#clock, (open) =>
        this.#events.emit({ type: 'circuit-breaker.changed', provider, open }),
      );
      this.#healths.set(provider, health);
    }
    return health;
  }

  /**
   * Reads a ref once for all concurrent requests. The read is aborted after `limitMs`, even if callers still wait. If
   * the provider asked the plugin to slow down and `mayWait` is true, the read is retried within that time.
   *
   * @throws {ProviderError} as the provider's `read`; `DeadlineExceeded` when the time is up.
   */
  shared(ref: SecretRef, options: SharedReadOptions): Promise<SecretRevision> {
    const key = refKey(ref);
    if (!this.#isSharing) return this.#own(ref, options);
    const joined = this.#flights.get(key);
    if (joined !== undefined) return joined;
    const refusal = this.#refusals.get(key);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.health(ref.provider).isCircuitOpen) return Promise.reject(circuitOpen(ref));
    const flight = this.#readWithin(ref, options).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  /**
   * Reads a ref with a read that started at `notBeforeMs` or later (default: now). An earlier read may return an older
   * value.
   */
  async fresh(ref: SecretRef, { signal, notBeforeMs = this.#clock.monotonic() }: ReadOptions): Promise<SecretRevision> {
    const provider = await this.findProvider(ref.provider);
    return this.#read(provider, ref, { signal, notBeforeMs });
  }

  /**
   * Repeats a stale read of a ref until it returns the newest known revision. Concurrent callers share the repetitions.
   * Returns `null` if that takes longer than until `untilMs` (monotonic). Then stale reads of the provider are not
   * repeated for a while, so that in a storm of requests not every request waits. Rejects as the provider's `read`.
   */
  async newer(ref: SecretRef, untilMs: number): Promise<SecretRevision | null> {
    const key = refKey(ref);
    if (this.#clock.monotonic() < (this.#laggingUntilMs.get(ref.provider) ?? 0)) return null;
    if (!this.#isSharing) return this.#repeat(ref, untilMs);
    const joined = this.#repetitions.get(key);
    if (joined !== undefined) return joined;
    const repetition = this.#repeat(ref, untilMs).finally(() => this.#repetitions.delete(key));
    this.#repetitions.set(key, repetition);
    return repetition;
  }

  /** The newest known revision: see {@link NewestRevisions}. */
  newest(ref: SecretRef): string | undefined {
    return this.#newest.get(refKey(ref));
  }

  /** Whether `revision` is known to be older than `other`. */
  isOlder(ref: SecretRef, revision: string, other: string): boolean {
    return (this.#orders.get(ref.provider)?.compare(revision, other) ?? 0) < 0;
  }

  /** Whether a revision was seen that is newer than any that was read. Then the next answer may come from a lagging replica. */
  lags(ref: SecretRef): boolean {
    return this.#newest.isUnread(refKey(ref));
  }

  /** Reports that a probe or another manager saw this revision: see {@link NewestRevisions.seen}. */
  seen(ref: SecretRef, revision: string): void {
    const tell = (order: RevisionOrder | null) => this.#newest.seen(refKey(ref), revision, order);
    const order = this.#orders.get(ref.provider);
    if (order !== undefined) tell(order);
    // If the provider never becomes ready, nothing is read, so the rejection can be ignored.
    else
      this.findProvider(ref.provider).then(
        ({ order }) => tell(order),
        () => undefined,
      );
  }

  /** Sends a request to the ref's provider, and records its outcome in the provider's health. */
  async ask<T>(ref: SecretRef, signal: AbortSignal, question: () => Promise<T>): Promise<T> {
    const ended = this.health(ref.provider).asked(this.halfOpenProbeOf(ref));
    // A call that hangs may also ignore the signal. So the abort itself is recorded as the outcome.
    const cutOff = () => ended(outcomeOf(signal.reason));
    signal.addEventListener('abort', cutOff, { once: true });
    try {
      const answer = await question();
      ended('answered');
      return answer;
    } catch (error) {
      ended(outcomeOf(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', cutOff);
    }
  }

  /** A read that tests whether the provider answers again. Its value is cached for later requests. */
  readonly halfOpenProbeOf = (ref: SecretRef) => () =>
    this.#readWithin(ref, { limitMs: this.#deadlineMs, mayWait: false });

  /** Stops background work. */
  close(): void {
    for (const health of this.#healths.values()) health.close();
  }

  async #own(ref: SecretRef, options: SharedReadOptions): Promise<SecretRevision> {
    if (this.health(ref.provider).isCircuitOpen) throw circuitOpen(ref);
    return this.#readWithin(ref, options, 0);
  }

  async #readWithin(
    ref: SecretRef,
    { limitMs, mayWait, consumer }: SharedReadOptions,
    sharedMs = this.#sharedMs,
  ): Promise<SecretRevision> {
    const startedAtMs = this.#clock.monotonic();
    const untilMs = startedAtMs + limitMs;
    const health = this.health(ref.provider);
    return withDeadline(this.#clock, limitMs, undefined, async (signal) => {
      const provider = await this.findProvider(ref.provider);
      for (let waited = false; ; waited = true) {
        signal.throwIfAborted();
        try {
          this.#checkPause(ref);
          const named = consumer === undefined ? {} : { consumer };
          return await this.#read(provider, ref, { signal, notBeforeMs: startedAtMs - sharedMs, ...named });
        } catch (error) {
          const isPaused = error instanceof ProviderError && error.code === 'RATE_LIMITED';
          if (!isPaused || !mayWait) throw error;
          if (health.pausedUntilMs >= untilMs) {
            // A caller that waited without success lost as much time as with a timeout, so it counts as a timeout.
            if (waited) health.failed('timeout', this.halfOpenProbeOf(ref));
            throw error;
          }
          await this.#until(health.pausedUntilMs);
        }
      }
    });
  }

  async #repeat(ref: SecretRef, untilMs: number): Promise<SecretRevision | null> {
    const key = refKey(ref);
    const provider = await this.findProvider(ref.provider);
    for (let delayMs = FIRST_REPETITION_MS; this.#clock.monotonic() + delayMs < untilMs; delayMs *= 2) {
      await this.#until(this.#clock.monotonic() + delayMs);
      const notBeforeMs = this.#clock.monotonic();
      const revision = await withDeadline(this.#clock, untilMs - notBeforeMs, undefined, (signal) =>
        this.#read(provider, ref, { signal, notBeforeMs }),
      );
      if (this.#newest.get(key) === revision.revision) return revision;
    }
    this.#laggingUntilMs.set(ref.provider, this.#clock.monotonic() + LAGGING_MS);
    return null;
  }

  #checkPause(ref: SecretRef): void {
    const leftMs = this.health(ref.provider).pausedUntilMs - this.#clock.monotonic();
    if (leftMs <= 0) return;
    const message = `${describeRef(ref)}: the provider asks us to slow down; raise its quota, or ask it less often`;
    throw new ProviderError('RATE_LIMITED', message, { retryAfterMs: leftMs });
  }

  async #read(provider: ProviderInstance, ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    const requestedAtMs = this.#clock.monotonic();
    try {
      const read = await this.ask(ref, options.signal, () => provider.secrets.read(ref, options));
      const revision = await this.#decrypted.of(ref, read, options.signal);
      const startedAtMs = revision.readAtMs ?? requestedAtMs;
      const key = refKey(ref);
      if (this.#newest.read(key, revision.revision, provider.order, startedAtMs)) {
        this.#cache.store(key, revision, startedAtMs);
      } else this.#dropped.add(revision.value);
      this.#refusals.delete(key);
      return revision;
    } catch (error) {
      if (error instanceof ProviderError && !options.signal.aborted) this.#refused(ref, error, requestedAtMs);
      throw error;
    }
  }

  #refused(ref: SecretRef, error: ProviderError, requestedAtMs: number): void {
    if (error.code === 'RATE_LIMITED') this.health(ref.provider).pause(error.retryAfterMs);
    if (error.isOutage) return;
    const key = refKey(ref);
    // Deleted or withdrawn at the provider: the value must not be served as stale in a later outage.
    if (error.isProven) this.#cache.forget(key);
    this.#refusals.add(key, error, requestedAtMs);
  }

  #until(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(Math.max(0, atMs - this.#clock.monotonic()), resolve);
    });
  }
}

/** The error for a provider that did not answer recently, so that requests do not wait for it. */
export function circuitOpen(ref: SecretRef): ProviderError {
  const message = `${describeRef(ref)}: the provider did not answer lately, and nobody waits for it until it does`;
  return new ProviderError('UNAVAILABLE', message);
}
