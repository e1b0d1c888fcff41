import { type Clock, DeadlineExceeded, displayText, Listeners, withDeadline } from '@vault-swarm/kernel';
import {
  AccessGuard,
  AccessRefused,
  ALLOW_ALL,
  type CallOptions,
  consumerKey,
  type DeliveryRecord,
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
import { type FindProvider, ProviderReads } from './provider-reads.ts';
import type { SecretRequest, SecretResponse, SecretSource } from './request.ts';
import { type CacheLimits, RevisionCache } from './revision-cache.ts';
import { RevisionHistory } from './revision-history.ts';
import { type FoundRevision, RevisionLookup } from './revision-lookup.ts';

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

/** Subtracted from the deadline, so that the response is sent before the deadline ends. */
const ANSWER_MARGIN_MS = 50;

const CURRENT: RevisionSelection = { kind: 'current' };

const REPORT_EVICTED_MS = 60_000;

const noLeases: LeasedValues = {
  deliver: () => Promise.reject(new ProviderError('INVALID_REF', 'credentials that end are not supported here')),
};

/**
 * Answers a request with a value. It reads the labels, checks the access, and serves the cached value, or one that it reads
 * from the provider. Concurrent requests for a ref share one read.
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
  readonly #lookup: RevisionLookup;
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
    const { clock, limits } = ports;
    this.#lookup = new RevisionLookup({ cache: this.#cache, reads: this.#reads, old: this.#old, clock, limits });
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
      const found = this.#lookup.find(asked, choosing);
      const { revision, source } = found instanceof Promise ? await found : found;
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
    delivered: FoundRevision & { readonly ref: SecretRef; readonly key: string; readonly receivedAtMs: number },
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
}
