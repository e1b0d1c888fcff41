import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import {
  type DeliverySource,
  describeRef,
  ProviderError,
  type RevisionSelection,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import { REPLICA_LAG_MS } from './newest-revisions.ts';
import { circuitOpen, type ProviderReads } from './provider-reads.ts';
import type { CurrentRevision, RevisionCache } from './revision-cache.ts';
import type { RevisionHistory } from './revision-history.ts';

/** A revision to serve, and where it is from. */
export interface FoundRevision {
  readonly revision: SecretRevision;
  readonly source: DeliverySource;
}

/** What a request asks for, and until when (monotonic milliseconds) it must be answered. */
interface Asked {
  readonly ref: SecretRef;
  readonly key: string;
  readonly untilMs: number;
  /** The name of the service. */
  readonly consumer: string | undefined;
}

/** See `DeliveryLimits`. */
interface AgeLimits {
  readonly cacheMaxAgeMs: number;
  readonly staleIfErrorMs: number;
  readonly staleIfUnauthenticatedMs: number;
}

/**
 * Finds the revision to serve. It is the cached one while that is fresh. Otherwise the provider is read. If it does not
 * answer, the last good value is served.
 */
export class RevisionLookup {
  readonly #cache: RevisionCache;
  readonly #reads: ProviderReads;
  readonly #old: RevisionHistory;
  readonly #clock: Clock;
  readonly #limits: AgeLimits;

  constructor(ports: {
    readonly cache: RevisionCache;
    readonly reads: ProviderReads;
    readonly old: RevisionHistory;
    readonly clock: Clock;
    readonly limits: AgeLimits;
  }) {
    this.#cache = ports.cache;
    this.#reads = ports.reads;
    this.#old = ports.old;
    this.#clock = ports.clock;
    this.#limits = ports.limits;
  }

  /** A fresh cached value needs no turn of the event loop. */
  find(asked: Asked, choosing: RevisionSelection | Promise<RevisionSelection>): FoundRevision | Promise<FoundRevision> {
    if (choosing instanceof Promise) return this.#obtainOnceChosen(asked, choosing);
    return (choosing.kind === 'current' ? this.#fresh(asked) : null) ?? this.#obtain(asked, choosing);
  }

  /**
   * If no value is cached, reads the current value while the choice is in flight. A process that has just started has
   * neither a value nor a choice. What is served is decided after the choice, because a lockdown or a newer revision
   * may have become known with it.
   */
  async #obtainOnceChosen(asked: Asked, choosing: Promise<RevisionSelection>): Promise<FoundRevision> {
    if (this.#cache.current(asked.key) !== undefined) return this.#obtain(asked, await choosing);
    const reading = this.#obtainCurrent(asked);
    // The result may not be needed. Without this handler, a failed read would be an unhandled rejection.
    reading.catch(() => undefined);
    const chosen = await choosing;
    if (chosen.kind === 'current' && this.#reads.isSharing) {
      const current = await reading;
      if (this.#isNewest(asked.ref, current.revision)) return current;
    }
    return this.#obtain(asked, chosen);
  }

  async #obtain(asked: Asked, chosen: RevisionSelection): Promise<FoundRevision> {
    const { ref, key, untilMs } = asked;
    if (chosen.kind === 'current') return this.#obtainCurrent(asked);
    const held = this.#cache.get(key, chosen.revision);
    if (held !== undefined) return { revision: held, source: 'cache' };
    const remainingMs = untilMs - this.#clock.monotonic();
    // If the current revision is the fallback, its read needs half of the time.
    const waitMs = chosen.otherwise === 'current' ? remainingMs / 2 : remainingMs;
    try {
      const { shouldFailFast } = this.#reads.health(ref.provider);
      const recalled = await withDeadline(this.#clock, waitMs, undefined, async (signal) =>
        shouldFailFast ? null : this.#old.find(ref, chosen.revision, { signal }),
      );
      if (recalled !== null) return { revision: recalled, source: 'provider' };
    } catch (error) {
      // If the current revision is the fallback, its own read reports what is wrong with the provider.
      if (chosen.otherwise === 'refuse') throw error;
    }
    if (chosen.otherwise === 'current') return this.#obtainCurrent(asked);
    throw new ProviderError(
      'UNAVAILABLE',
      `${describeRef(ref)}: its newest value failed, and the last good one can't be had any ` +
        'more; write another value, or rotate manually to try the newest one again',
    );
  }

  /** The cached current value, if no read is needed to serve it. */
  #fresh({ ref, key }: Asked): FoundRevision | null {
    const held = this.#cache.current(key);
    if (held === undefined || this.#ageMs(held.confirmedAtMs) >= this.#limits.cacheMaxAgeMs) return null;
    return this.#isNewest(ref, held.revision) ? { revision: held.revision, source: 'cache' } : null;
  }

  async #obtainCurrent(asked: Asked): Promise<FoundRevision> {
    const { ref, key, untilMs, consumer } = asked;
    const fresh = this.#fresh(asked);
    if (fresh !== null) return fresh;
    const held = this.#cache.current(key);
    const limitMs = untilMs - this.#clock.monotonic();
    const health = this.#reads.health(ref.provider);
    const lastGood = this.#lastGood(ref, held);
    if (lastGood !== null && health.isSuspect && health.hasInFlightRequest)
      return { revision: lastGood, source: 'stale' };
    if (lastGood === null && health.shouldFailFast) throw circuitOpen(ref);
    const isDoubtful = health.isSuspect;
    const maySpendAll = lastGood === null && !isDoubtful;
    const adaptiveTimeoutMs = maySpendAll
      ? limitMs
      : Math.min(limitMs, lastGood !== null && isDoubtful ? 0 : health.adaptiveTimeoutMs);
    // A timeout of this caller does not abort the read: later callers can join it.
    const reading = this.#reads.shared(ref, { limitMs, mayWait: maySpendAll, consumer });
    try {
      const revision = await withDeadline(this.#clock, adaptiveTimeoutMs, undefined, () => reading);
      if (this.#isNewest(ref, revision)) return { revision, source: 'provider' };
      return await this.#obtainNewer(ref, key, revision, untilMs);
    } catch (error) {
      const mayBeStale = error instanceof ProviderError ? error.retryable : error instanceof DeadlineExceeded;
      // The cache is read again: a probe may have confirmed or replaced the value while this read was in flight.
      const last = mayBeStale ? this.#lastGood(ref, this.#cache.current(key)) : null;
      if (last !== null) return { revision: last, source: 'stale' };
      throw error instanceof DeadlineExceeded && adaptiveTimeoutMs < limitMs ? circuitOpen(ref) : error;
    }
  }

  /**
   * Handles a provider that returned an older revision than the newest known one, such as a replica that lags behind.
   * The newest value is served from the cache, or as soon as the provider returns it. If that takes too long, the
   * cached value or the older value is served. A task with an older value is updated later. A task without a value does
   * not start.
   */
  async #obtainNewer(ref: SecretRef, key: string, older: SecretRevision, untilMs: number): Promise<FoundRevision> {
    const held = this.#instead(ref, key, older);
    if (this.#isNewest(ref, held)) return { revision: held, source: 'cache' };
    try {
      const waitMs = untilMs - this.#clock.monotonic();
      const newer = await withDeadline(this.#clock, waitMs, undefined, () => this.#reads.newer(ref, untilMs));
      if (newer !== null) return { revision: newer, source: 'provider' };
    } catch {
      // The provider answered a moment ago, so this is not an outage. Serve what is available.
    }
    const last = this.#instead(ref, key, older);
    return { revision: last, source: this.#isNewest(ref, last) ? 'cache' : 'stale' };
  }

  /**
   * The cached value if it may be served instead of `older`, else `older`. `STALE_IF_ERROR` is for outages. Here the
   * cached value may always be as old as {@link REPLICA_LAG_MS}.
   */
  #instead(ref: SecretRef, key: string, older: SecretRevision): SecretRevision {
    const held = this.#cache.current(key);
    const maxAgeMs = Math.max(this.#limits.staleIfErrorMs, REPLICA_LAG_MS);
    if (held === undefined || this.#ageMs(held.confirmedAtMs) >= maxAgeMs) return older;
    return this.#reads.isOlder(ref, held.revision.revision, older.revision) ? older : held.revision;
  }

  #isNewest(ref: SecretRef, { revision }: SecretRevision): boolean {
    const newest = this.#reads.newest(ref);
    return newest === undefined || newest === revision;
  }

  /** The cached value, if it may be served while the provider does not answer or refuses the plugin's login. */
  #lastGood(ref: SecretRef, held: CurrentRevision | undefined): SecretRevision | null {
    const { staleIfErrorMs, staleIfUnauthenticatedMs } = this.#limits;
    const maxAgeMs = this.#reads.health(ref.provider).isLoginRefused ? staleIfUnauthenticatedMs : staleIfErrorMs;
    if (held === undefined || this.#ageMs(held.confirmedAtMs) >= maxAgeMs) return null;
    return held.revision;
  }

  #ageMs(sinceMs: number): number {
    return this.#clock.monotonic() - sinceMs;
  }
}
