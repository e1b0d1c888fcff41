import { type Clock, DeadlineExceeded, displayText, Listeners, withDeadline } from '@vault-swarm/kernel';
import {
  type CallOptions,
  type DeliveryRecord,
  type DeliverySource,
  describeRef,
  type Events,
  type LabelReader,
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
import { checkSize, explainDeliveryError } from './delivery-error.ts';
import { EvictedValues } from './evicted-values.ts';
import { REPLICA_LAG_MS } from './newest-revisions.ts';
import { circuitOpen, type FindProvider, ProviderReads } from './provider-reads.ts';
import type { SecretRequest, SecretResponse, SecretSource } from './request.ts';
import { type CacheLimits, type CurrentRevision, RevisionCache } from './revision-cache.ts';
import { RevisionHistory } from './revision-history.ts';

/**
 * Learns what each task was given. Called before the answer goes out; must not wait. One that throws keeps no answer back. The
 * value is lent for the call: a copy of it may be kept.
 */
export type RecordDelivery = (delivered: DeliveryRecord) => void;

/** Limits in milliseconds, but for the memory's. */
export interface DeliveryLimits {
  /** The longest that a caller waits for an answer. */
  readonly deadlineMs: number;
  /** How old a value may be while its provider answers; 0 asks every time. */
  readonly cacheMaxAgeMs: number;
  /** How old a value may be when its provider does not answer; 0 never serves an old one. */
  readonly staleIfErrorMs: number;
  /** The same while its provider refuses our login. */
  readonly staleIfUnauthenticatedMs: number;
  readonly cache: CacheLimits;
}

interface Obtained {
  readonly revision: SecretRevision;
  readonly source: DeliverySource;
}

/** What is kept back of a deadline, so that the answer is out before it is over. */
const ANSWER_MARGIN_MS = 50;

const CURRENT: RevisionSelection = { kind: 'current' };

const REPORT_EVICTED_MS = 60_000;

/**
 * From a request to a value: reads the labels, answers from the cache while the value there is fresh, else asks the
 * provider once for all who wait for the same ref, and falls back on the last good value where the provider is away.
 */
export class Delivery implements SecretSource {
  readonly #labels: LabelReader;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #recorded: Listeners<[DeliveryRecord]>;
  readonly #choice: RevisionSelector;
  readonly #limits: DeliveryLimits;
  readonly #dropped: EvictedValues;
  readonly #cache: RevisionCache;
  readonly #reads: ProviderReads;
  readonly #old: RevisionHistory;
  #evicted = 0;
  #reportedEvicted = { atMs: Number.NEGATIVE_INFINITY, evicted: 0 };

  constructor(ports: {
    readonly labels: LabelReader;
    readonly findProvider: FindProvider;
    readonly clock: Clock;
    readonly events: Events;
    readonly record: RecordDelivery;
    readonly choice: RevisionSelector;
    readonly limits: DeliveryLimits;
  }) {
    this.#labels = ports.labels;
    this.#clock = ports.clock;
    this.#events = ports.events;
    this.#recorded = new Listeners(ports.events);
    this.#recorded.add('record of deliveries', ports.record);
    this.#choice = ports.choice;
    this.#limits = ports.limits;
    this.#dropped = new EvictedValues(ports.clock);
    this.#cache = new RevisionCache(
      ports.limits.cache,
      (value) => this.#dropped.add(value),
      (revisions) => this.#countEvicted(revisions),
    );
    this.#reads = new ProviderReads({ ...ports, cache: this.#cache, dropped: this.#dropped }, ports.limits);
    this.#old = new RevisionHistory(this.#cache, this.#reads, ports.clock);
  }

  get(request: SecretRequest, receivedAtMs = this.#clock.monotonic()): Promise<SecretResponse> {
    return this.#dropped.during(() => this.#get(request, receivedAtMs));
  }

  /**
   * Reads the ref's current value now, whatever is in memory, and keeps it there for those who ask next. It never
   * joins a read that started before `notBeforeMs`, or before this call, which may give an older value. The value stays in memory: it
   * may be wiped once the caller's turn of the event loop is over.
   *
   * @throws {ProviderError} as the provider's `read`; the signal's reason when aborted.
   */
  refresh(ref: SecretRef, options: ReadOptions): Promise<SecretRevision> {
    return this.#dropped.during(() => this.#reads.fresh(ref, options));
  }

  /** A probe, started at `atMs` (monotonic), found that `revision` is still the ref's current one. */
  revalidate(ref: SecretRef, revision: string, atMs: number): void {
    this.#cache.revalidate(refKey(ref), revision, atMs);
    this.#reads.seen(ref, revision);
  }

  /** A probe or another manager saw that the provider has this revision: an answer with an older one is stale. */
  seen(ref: SecretRef, revision: string): void {
    this.#reads.seen(ref, revision);
  }

  /** The newest revision of the ref that is known of, be it that it was read or only seen. */
  newest(ref: SecretRef): string | undefined {
    return this.#reads.newest(ref);
  }

  /** A probe of the ref's provider ended. Nobody waits for a provider that does not answer its probes. */
  reportProbe(ref: SecretRef, outcome: ProbeOutcome): void {
    const health = this.#reads.health(ref.provider);
    if (outcome === 'answered' || outcome === 'login-refused') health.answered(outcome);
    else health.failed(outcome, this.#reads.halfOpenProbeOf(ref));
  }

  /**
   * While a lockdown is active no value is kept, also none that is retained. Each request is answered by a read that started after it.
   * What is kept now is dropped; requests that were made before may still be answered with it.
   */
  lockDown(active: boolean): void {
    this.#cache.lock(active);
    this.#reads.share(!active);
  }

  /** From now on these revisions, by ref key, are not dropped, whatever else has to go. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#cache.pin(revisions);
  }

  /**
   * Whether a revision that was replaced is available: from the cache, else read again where the provider keeps old ones.
   *
   * @throws {ProviderError} where the provider does not answer now; the signal's reason when aborted.
   */
  async ensureCached(ref: SecretRef, revision: string, { signal }: CallOptions): Promise<boolean> {
    return (await this.#old.find(ref, revision, { signal })) !== null;
  }

  /** How many values are held, of how many bytes, and how many were dropped for others since the start. */
  get held(): { readonly values: number; readonly bytes: number; readonly evicted: number } {
    const { revisions, bytes } = this.#cache.size;
    return { values: revisions, bytes, evicted: this.#evicted };
  }

  /** Ends what it does in the background, and drops all values. */
  close(): void {
    this.#reads.close();
    this.#cache.clear();
  }

  /** Many reads through a full cache evict a value each: that is reported once a minute. */
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
    // One budget for all that is waited for: whatever is left of it is all that the next wait has.
    const untilMs = receivedAtMs + Math.max(deadlineMs / 2, deadlineMs - ANSWER_MARGIN_MS);
    let labels: Partial<SecretLabels> = {};
    try {
      const read = this.#labels.read(request.labels, request.secretName, request.serviceName);
      labels = read;
      const { ref } = read;
      const key = refKey(ref);
      const choosing = this.#choose(request, key, untilMs);
      const { revision, source } = await (choosing instanceof Promise
        ? this.#obtainOnceChosen(ref, key, choosing, untilMs)
        : this.#obtain(ref, key, choosing, untilMs));
      checkSize(ref, revision);
      this.#recorded.notify({
        taskId: request.taskId,
        secretName: request.secretName,
        provider: ref.provider,
        refKey: key,
        revision: revision.revision,
        value: revision.value,
      });
      this.#events.emit({
        type: 'secret.delivered',
        secret: request.secretName,
        service: request.serviceName,
        task: request.taskId,
        provider: ref.provider,
        revision: revision.revision,
        source,
        durationMs: this.#clock.monotonic() - receivedAtMs,
      });
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

  /** A choice that takes longer than it may is not waited for: then only what is in memory can still be given. */
  #choose(request: SecretRequest, key: string, untilMs: number): RevisionSelection | Promise<RevisionSelection> {
    const { serviceId, taskId, secretName } = request;
    const nowMs = this.#clock.monotonic();
    // The provider needs the rest.
    const choiceMs = Math.max(0, (untilMs - nowMs) / 2);
    const choosing = this.#choice.choose({ serviceId, taskId, secretName, refKey: key, untilMs: nowMs + choiceMs });
    if (!(choosing instanceof Promise)) return choosing;
    return withDeadline(this.#clock, untilMs - nowMs, undefined, () => choosing).catch((error: unknown) => {
      if (error instanceof DeadlineExceeded) return CURRENT;
      throw error;
    });
  }

  /**
   * Reads a value that is not in memory beside the wait for the choice: a process that has just started knows neither. What is
   * given is decided afterwards, by the choice and by all that became known with it: a lockdown, or a newer revision.
   */
  async #obtainOnceChosen(
    ref: SecretRef,
    key: string,
    choosing: Promise<RevisionSelection>,
    untilMs: number,
  ): Promise<Obtained> {
    if (this.#cache.current(key) !== undefined) return this.#obtain(ref, key, await choosing, untilMs);
    const reading = this.#obtainCurrent(ref, key, untilMs);
    // Nobody may need it.
    reading.catch(() => undefined);
    const chosen = await choosing;
    if (chosen.kind === 'current' && this.#reads.isSharing) {
      const current = await reading;
      if (this.#isNewest(ref, current.revision)) return current;
    }
    return this.#obtain(ref, key, chosen, untilMs);
  }

  async #obtain(ref: SecretRef, key: string, chosen: RevisionSelection, untilMs: number): Promise<Obtained> {
    if (chosen.kind === 'current') return this.#obtainCurrent(ref, key, untilMs);
    const held = this.#cache.get(key, chosen.revision);
    if (held !== undefined) return { revision: held, source: 'cache' };
    const remainingMs = untilMs - this.#clock.monotonic();
    // The current one, where it may be given instead, needs some of the time too.
    const waitMs = chosen.otherwise === 'current' ? remainingMs / 2 : remainingMs;
    try {
      const { shouldFailFast } = this.#reads.health(ref.provider);
      const recalled = await withDeadline(this.#clock, waitMs, undefined, async (signal) =>
        shouldFailFast ? null : this.#old.find(ref, chosen.revision, { signal }),
      );
      if (recalled !== null) return { revision: recalled, source: 'provider' };
    } catch (error) {
      // Where the current one is given instead, its own read tells what is wrong with the provider.
      if (chosen.otherwise === 'refuse') throw error;
    }
    if (chosen.otherwise === 'current') return this.#obtainCurrent(ref, key, untilMs);
    throw new ProviderError(
      'UNAVAILABLE',
      `${describeRef(ref)}: its newest value made tasks of this service fail, and the last good one can't be had any ` +
        'more; write another value, or rotate manually to try the newest one again',
    );
  }

  async #obtainCurrent(ref: SecretRef, key: string, untilMs: number): Promise<Obtained> {
    const held = this.#cache.current(key);
    const isFresh = held !== undefined && this.#ageMs(held.confirmedAtMs) < this.#limits.cacheMaxAgeMs;
    if (isFresh && this.#isNewest(ref, held.revision)) return { revision: held.revision, source: 'cache' };
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
    // A caller that ends its wait leaves the read in flight for the next callers.
    const reading = this.#reads.shared(ref, { limitMs, mayWait: maySpendAll });
    try {
      const revision = await withDeadline(this.#clock, adaptiveTimeoutMs, undefined, () => reading);
      if (this.#isNewest(ref, revision)) return { revision, source: 'provider' };
      return await this.#obtainNewer(ref, key, revision, untilMs);
    } catch (error) {
      const mayBeStale = error instanceof ProviderError ? error.retryable : error instanceof DeadlineExceeded;
      // Looked up again: a probe may have confirmed or replaced it while this read waited.
      const last = mayBeStale ? this.#lastGood(ref, this.#cache.current(key)) : null;
      if (last !== null) return { revision: last, source: 'stale' };
      throw error instanceof DeadlineExceeded && adaptiveTimeoutMs < limitMs ? circuitOpen(ref) : error;
    }
  }

  /**
   * The provider answered with an older value than is known of, as a replica does that lags behind. The newest one is given
   * from the cache, or once the provider gives it. If that takes too long, the last good value is given, or the older one: a
   * task that has it is updated later, while one that has none does not start.
   */
  async #obtainNewer(ref: SecretRef, key: string, older: SecretRevision, untilMs: number): Promise<Obtained> {
    const held = this.#instead(ref, key, older);
    if (this.#isNewest(ref, held)) return { revision: held, source: 'cache' };
    try {
      const waitMs = untilMs - this.#clock.monotonic();
      const newer = await withDeadline(this.#clock, waitMs, undefined, () => this.#reads.newer(ref, untilMs));
      if (newer !== null) return { revision: newer, source: 'provider' };
    } catch {
      // The provider has just answered, so it is not away: what it gave then is what there is.
    }
    const last = this.#instead(ref, key, older);
    return { revision: last, source: this.#isNewest(ref, last) ? 'cache' : 'stale' };
  }

  /** The value in memory, if it may be given for an older one that was read. `STALE_IF_ERROR` is for outages: more is allowed. */
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

  /** The value that may be given if the provider does not answer, or refuses our login. */
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
