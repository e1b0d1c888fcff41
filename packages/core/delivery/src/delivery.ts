import { type Clock, DeadlineExceeded, displayText, Listeners, withDeadline } from '@vault-swarm/kernel';
import {
  AccessGuard,
  AccessRefused,
  ALLOW_ALL,
  type CallOptions,
  consumerKey,
  type DeliveryRecord,
  type DeliverySource,
  describeRef,
  type Events,
  type LabelReader,
  type LeasedValues,
  type ProbeOutcome,
  ProviderError,
  type ReadOptions,
  type RevisionSelection,
  type RevisionSelector,
  refKey,
  type SecretLabels,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import { DecryptedValues, type FindDecryptor, noDecryptor } from './decrypted-values.ts';
import { checkSize, explainDeliveryError } from './delivery-error.ts';
import { EvictedValues } from './evicted-values.ts';
import { REPLICA_LAG_MS } from './newest-revisions.ts';
import { circuitOpen, type FindProvider, ProviderReads } from './provider-reads.ts';
import type { SecretRequest, SecretResponse, SecretSource } from './request.ts';
import { type CacheLimits, type CurrentRevision, RevisionCache } from './revision-cache.ts';
import { RevisionHistory } from './revision-history.ts';

/**
 * Records which revision a task was given. It is called before the response is sent, so it must not block. If it
 * throws, the response is still sent. The value may be wiped after the call: copy it to keep it.
 */
export type RecordDelivery = (delivered: DeliveryRecord) => void;

/** All limits are in milliseconds, except those of the cache. */
export interface DeliveryLimits {
  /** The maximum time that a caller waits for a response. */
  readonly deadlineMs: number;
  /** The maximum age of a cached value while its provider answers. 0: each request reads from the provider. */
  readonly cacheMaxAgeMs: number;
  /** The maximum age of a cached value while its provider does not answer. 0: stale values are never served. */
  readonly staleIfErrorMs: number;
  /** Used instead of `staleIfErrorMs` while the provider refuses the plugin's login. */
  readonly staleIfUnauthenticatedMs: number;
  readonly cache: CacheLimits;
}

interface Obtained {
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

/** Subtracted from the deadline, so that the response is sent before the deadline ends. */
const ANSWER_MARGIN_MS = 50;

const CURRENT: RevisionSelection = { kind: 'current' };

const REPORT_EVICTED_MS = 60_000;

const noLeases: LeasedValues = {
  deliver: () => Promise.reject(new ProviderError('INVALID_REF', 'credentials that end are not supported here')),
};

/**
 * Answers a request with a value. It reads the labels, and serves the cached value while that is fresh. Otherwise it
 * reads from the provider. Concurrent requests for a ref share one read. If the provider does not answer, it serves the
 * last good value.
 */
export class Delivery implements SecretSource {
  readonly #labels: LabelReader;
  readonly #access: Pick<AccessGuard, 'check'>;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #recorded: Listeners<[DeliveryRecord]>;
  readonly #choice: RevisionSelector;
  readonly #leased: LeasedValues;
  readonly #limits: DeliveryLimits;
  readonly #dropped: EvictedValues;
  readonly #cache: RevisionCache;
  readonly #reads: ProviderReads;
  readonly #old: RevisionHistory;
  #evicted = 0;
  #reportedEvicted = { atMs: Number.NEGATIVE_INFINITY, evicted: 0 };

  constructor(ports: {
    readonly labels: LabelReader;
    /** If it is missing, every service may read every secret. */
    readonly access?: Pick<AccessGuard, 'check'>;
    readonly findProvider: FindProvider;
    /** If it is missing, refs that need decryption are refused. */
    readonly findDecryptor?: FindDecryptor;
    readonly clock: Clock;
    readonly events: Events;
    readonly record: RecordDelivery;
    readonly choice: RevisionSelector;
    /** If it is missing, refs that are leased are refused. */
    readonly leased?: LeasedValues;
    readonly limits: DeliveryLimits;
  }) {
    this.#labels = ports.labels;
    this.#access = ports.access ?? new AccessGuard(ALLOW_ALL);
    this.#clock = ports.clock;
    this.#events = ports.events;
    this.#recorded = new Listeners(ports.events);
    this.#recorded.add('record of deliveries', ports.record);
    this.#choice = ports.choice;
    this.#leased = ports.leased ?? noLeases;
    this.#limits = ports.limits;
    this.#dropped = new EvictedValues(ports.clock);
    this.#cache = new RevisionCache(
      ports.limits.cache,
      (value) => this.#dropped.add(value),
      (revisions) => this.#countEvicted(revisions),
    );
    const decrypted = new DecryptedValues(ports.findDecryptor ?? noDecryptor, this.#cache);
    this.#reads = new ProviderReads({ ...ports, cache: this.#cache, dropped: this.#dropped, decrypted }, ports.limits);
    this.#old = new RevisionHistory(this.#cache, this.#reads, decrypted, ports.clock);
  }

  get(request: SecretRequest, receivedAtMs = this.#clock.monotonic()): Promise<SecretResponse> {
    return this.#dropped.during(() => this.#get(request, receivedAtMs));
  }

  /**
   * Reads the ref's current value now, even if a fresh value is cached, and caches the result for later requests. It
   * never joins a read that started before `notBeforeMs` (default: the time of this call), because that read may return
   * an older value. The value belongs to the cache, and may be wiped after the caller's current turn of the event loop.
   *
   * @throws {ProviderError} as the provider's `read`, and for a value that can't be delivered because of its size; the
   * signal's reason when aborted.
   */
  refresh(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    return this.#dropped.during(async () => {
      const revision = await this.#reads.fresh(ref, options);
      checkSize(ref, revision);
      return revision;
    });
  }

  /** Reports that a probe, which started at `atMs` (monotonic), found that `revision` is still current. */
  revalidate(ref: SecretRef, revision: string, atMs: number): void {
    this.#cache.revalidate(refKey(ref), revision, atMs);
    this.#reads.seen(ref, revision);
  }

  /** Reports that a probe or another manager saw this revision at the provider. An older answer is then stale. */
  seen(ref: SecretRef, revision: string): void {
    this.#reads.seen(ref, revision);
  }

  /** The newest known revision of the ref, whether it was read or only seen. */
  newest(ref: SecretRef): string | undefined {
    return this.#reads.newest(ref);
  }

  /**
   * Reports how a probe of the ref's provider ended. Failed probes open the circuit breaker, so that requests do not
   * wait for a provider that does not answer.
   */
  reportProbe(ref: SecretRef, outcome: ProbeOutcome): void {
    const health = this.#reads.health(ref.provider);
    if (outcome === 'answered' || outcome === 'login-refused') health.answered(outcome);
    else health.failed(outcome, this.#reads.halfOpenProbeOf(ref));
  }

  /**
   * Starts or ends a lockdown. During a lockdown no value is cached, not even a pinned one. Each request is answered by
   * a read that started after the request. The start of a lockdown evicts all cached values. Requests that arrived
   * earlier may still be answered with them.
   */
  lockDown(active: boolean): void {
    this.#cache.lock(active);
    this.#reads.share(!active);
  }

  /** Sets the pinned revisions, by ref key. The cache limits do not evict pinned revisions. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#cache.pin(revisions);
  }

  /**
   * Whether a replaced revision is available: from the cache, or by a new read if the provider keeps old versions.
   *
   * @throws {ProviderError} if the provider does not answer now; the signal's reason when aborted.
   */
  async ensureCached(ref: SecretRef, revision: string, { signal }: CallOptions): Promise<boolean> {
    return (await this.#old.find(ref, revision, { signal })) !== null;
  }

  /** The number and the bytes of the cached values, and how many values a cache limit has evicted since the start. */
  get held(): { readonly values: number; readonly bytes: number; readonly evicted: number } {
    const { revisions, bytes } = this.#cache.size;
    return { values: revisions, bytes, evicted: this.#evicted };
  }

  /** Stops background work and evicts all values. */
  close(): void {
    this.#reads.close();
    this.#cache.clear();
  }

  /** In a full cache each read can evict a value. So evictions are reported at most once a minute. */
  #countEvicted(revisions: number): void {
    this.#evicted += revisions;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#reportedEvicted.atMs < REPORT_EVICTED_MS) return;
    const { values, bytes, evicted } = this.held;
    this.#events.emit({ type: 'cache.evicted', values, bytes, evicted: evicted - this.#reportedEvicted.evicted });
    this.#reportedEvicted = { atMs: nowMs, evicted };
  }

  async #get(request: SecretRequest, receivedAtMs: number): Promise<SecretResponse> {
    const { deadlineMs } = this.#limits;
    // All waits share one budget: each wait gets at most what is left of it.
    const untilMs = receivedAtMs + Math.max(deadlineMs / 2, deadlineMs - ANSWER_MARGIN_MS);
    let labels: Partial<SecretLabels> = {};
    try {
      const read = this.#labels.read(request.labels, request.secretName, request.serviceName);
      labels = read;
      const { ref } = read;
      this.#checkAccess(request, ref);
      if (ref.lease !== undefined) return await this.#getLeased(ref, request, receivedAtMs, untilMs);
      const key = refKey(ref);
      const asked = { ref, key, untilMs, consumer: request.serviceName };
      const choosing = this.#choose(request, key, untilMs);
      // The usual case needs no turn of the event loop.
      const fresh = choosing instanceof Promise || choosing.kind !== 'current' ? null : this.#fresh(asked);
      const { revision, source } =
        fresh ??
        (await (choosing instanceof Promise ? this.#obtainOnceChosen(asked, choosing) : this.#obtain(asked, choosing)));
      checkSize(ref, revision);
      this.#recordDelivery(request, { ref, key, revision, source, receivedAtMs });
      return { kind: 'value', value: revision.value.copy(), revision: revision.revision };
    } catch (error) {
      const { code, message } = explainDeliveryError(error, labels, deadlineMs);
      this.#events.emit({
        type: 'delivery.failed',
        secret: request.secretName,
        service: request.serviceName,
        task: request.taskId,
        provider: labels.ref?.provider,
        code,
        message,
        durationMs: this.#clock.monotonic() - receivedAtMs,
      });
      return { kind: 'refused', code, message: `secret ${displayText(request.secretName)}: ${message} [${code}]` };
    }
  }

  /** Answers with the credential that was issued for the task's generation. The value belongs to this request alone. */
  async #getLeased(
    ref: SecretRef,
    request: SecretRequest,
    receivedAtMs: number,
    untilMs: number,
  ): Promise<SecretResponse> {
    const { secretName, serviceId, serviceName, taskId } = request;
    const answer = await this.#leased.deliver({ ref, serviceId, serviceName, taskId, untilMs });
    if (answer.kind === 'already-delivered') {
      this.#events.emit({ type: 'lease.already-delivered', secret: secretName, service: serviceName, task: taskId });
      const message = `secret ${displayText(secretName)}: the task runs with its credential, which the plugin does not have any more`;
      return { kind: 'refused', code: 'ALREADY_DELIVERED', message: `${message} [ALREADY_DELIVERED]` };
    }
    checkSize(ref, answer);
    const key = consumerKey(ref, serviceId);
    this.#recordDelivery(request, { ref, key, revision: answer, source: answer.source, receivedAtMs });
    return { kind: 'value', value: answer.value, revision: answer.revision };
  }

  #recordDelivery(
    { taskId, secretName, serviceName }: SecretRequest,
    delivered: Obtained & { readonly ref: SecretRef; readonly key: string; readonly receivedAtMs: number },
  ): void {
    const { ref, key, revision, source, receivedAtMs } = delivered;
    this.#recorded.notify({
      taskId,
      secretName,
      provider: ref.provider,
      refKey: key,
      revision: revision.revision,
      value: revision.value,
    });
    this.#events.emit({
      type: 'secret.delivered',
      secret: secretName,
      service: serviceName,
      task: taskId,
      provider: ref.provider,
      revision: revision.revision,
      source,
      durationMs: this.#clock.monotonic() - receivedAtMs,
    });
  }

  /** @throws {AccessRefused} if the access policy denies the service the ref. The provider is not asked then. */
  #checkAccess({ secretName: secret, serviceName: service, stack }: SecretRequest, ref: SecretRef): void {
    const denial = this.#access.check({ service, stack }, ref);
    if (denial === null) return;
    this.#events.emit({ type: 'access.denied', service, secret, provider: ref.provider, ...denial });
    if (denial.isEnforced) throw new AccessRefused(denial.message);
  }

  /**
   * If the choice takes the whole budget, the current revision is chosen. No time is left for a read then, so only a
   * cached value can be served.
   */
  #choose(request: SecretRequest, key: string, untilMs: number): RevisionSelection | Promise<RevisionSelection> {
    const { serviceId, taskId, secretName } = request;
    const nowMs = this.#clock.monotonic();
    // The other half of the time is for the read from the provider.
    const choiceMs = Math.max(0, (untilMs - nowMs) / 2);
    const choosing = this.#choice.choose({ serviceId, taskId, secretName, refKey: key, untilMs: nowMs + choiceMs });
    if (!(choosing instanceof Promise)) return choosing;
    return withDeadline(this.#clock, untilMs - nowMs, undefined, () => choosing).catch((error: unknown) => {
      if (error instanceof DeadlineExceeded) return CURRENT;
      throw error;
    });
  }

  /**
   * If no value is cached, reads the current value while the choice is in flight. A process that has just started has
   * neither a value nor a choice. What is served is decided after the choice, because a lockdown or a newer revision
   * may have become known with it.
   */
  async #obtainOnceChosen(asked: Asked, choosing: Promise<RevisionSelection>): Promise<Obtained> {
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

  async #obtain(asked: Asked, chosen: RevisionSelection): Promise<Obtained> {
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
      `${describeRef(ref)}: its newest value made tasks of this service fail, and the last good one can't be had any ` +
        'more; write another value, or rotate manually to try the newest one again',
    );
  }

  /** The cached current value, if no read is needed to serve it. */
  #fresh({ ref, key }: Asked): Obtained | null {
    const held = this.#cache.current(key);
    if (held === undefined || this.#ageMs(held.confirmedAtMs) >= this.#limits.cacheMaxAgeMs) return null;
    return this.#isNewest(ref, held.revision) ? { revision: held.revision, source: 'cache' } : null;
  }

  async #obtainCurrent(asked: Asked): Promise<Obtained> {
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
  async #obtainNewer(ref: SecretRef, key: string, older: SecretRevision, untilMs: number): Promise<Obtained> {
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
