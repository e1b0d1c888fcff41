import { type ProviderError, refKey, type SecretRef, type SecretRevision } from '@vault-swarm/provider';
import { tagRevision } from '../ledger/secret-version.ts';
import type { ValueCache } from '../ports/value-cache.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { type LaggingRead, lagsStill } from './lagging-read.ts';

/** What is kept of a value that was read. */
export interface ReadRevision extends Omit<SecretRevision, 'value'> {
  readonly digest: string;
  /** See {@link CurrentValue}. */
  readonly formerDigest: string | null;
}

/** What a poll found about one ref. */
export interface Finding {
  readonly watched: WatchedRef;
  readonly marker: string | null;
  /** When the poll started, in monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly revision?: ReadRevision;
  readonly error?: ProviderError;
  /** The revision that the probe before the read named: there is a value, and a read as new as the probe gives this one. */
  readonly named?: string | undefined;
}

/** What taking a finding over depends on. */
export interface WatchedRefPorts {
  readonly values: Pick<ValueCache, 'newest'>;
  /** Of the time until a ref that lags is read again, 0 to 1. */
  readonly jitter: () => number;
}

const DIGESTS_PER_REF = 4;

/** What is known of one ref, as of the latest poll that could tell. */
export class WatchedRef {
  readonly ref: SecretRef;
  readonly #ports: WatchedRefPorts;
  marker: string | null = null;
  current: CurrentValue | null = null;
  /** The same, its revision tagged with the ref. */
  tagged: CurrentValue | null = null;
  /** When the latest poll started that found `current`, in monotonic milliseconds. */
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  error: ProviderError | null = null;
  /** While its reads give older values than are known of. */
  lag: LaggingRead | null = null;
  /** Of the latest revisions, oldest first. */
  readonly #digests = new Map<string, string>();

  constructor(ref: SecretRef, ports: WatchedRefPorts) {
    this.ref = ref;
    this.#ports = ports;
  }

  /** Whether a newer revision than the current one is known of: a probe, another manager or a request for it saw it. */
  get isBehind(): boolean {
    return this.current !== null && this.isOld(this.current.revision);
  }

  /** Whether the latest read gave an older value than the current one, and no probe has named the current one since. */
  get isDisputed(): boolean {
    return this.lag !== null && this.current !== null && this.lag.named !== this.current.revision;
  }

  /** Whether a newer revision than this is known of. */
  isOld(revision: string): boolean {
    const newest = this.#ports.values.newest(this.ref);
    return newest !== undefined && newest !== revision;
  }

  /** Whether a read gave another value than the current one, and not an old one. */
  isNews({ revision }: Finding): boolean {
    return revision !== undefined && revision.revision !== this.current?.revision && !this.isOld(revision.revision);
  }

  /** The digest of one of the latest revisions; `null` where it was not read. */
  digestOf(revision: string): string | null {
    return this.#digests.get(revision) ?? null;
  }

  /** Takes over what a poll found at `nowMs` (monotonic). Returns whether that is a value or an error that was not known. */
  takeOver(finding: Finding, nowMs: number): boolean {
    const { revision, error } = finding;
    // One that is away, or whose "no" proves nothing, says nothing of the value: what was known of it stays, as does its marker.
    if (error?.retryable === true) {
      if (this.lag !== null) this.#lags(finding, nowMs);
      return this.#failed(error);
    }
    if (this.#isStale(finding)) {
      this.#lags(finding, nowMs);
      const wasFailing = this.error !== null;
      this.error = null;
      return wasFailing;
    }
    const isOver = this.lag !== null || this.error !== null;
    this.lag = null;
    // What the provider says it does not have, or does not give, is not current any more.
    if (error !== undefined) {
      this.current = null;
      this.tagged = null;
      this.marker = null;
      return this.#failed(error);
    }
    this.error = null;
    // Where probe and read do not agree, one of them is behind: it is read again until they do.
    const isAgreed = revision === undefined || finding.named === undefined || finding.named === revision.revision;
    this.marker = isAgreed ? finding.marker : null;
    if (revision === undefined) return isOver;
    this.confirmedAtMs = finding.startedAtMs;
    if (this.current?.revision === revision.revision) return isOver;
    this.#ingest(revision);
    return true;
  }

  #failed(error: ProviderError): boolean {
    const isNews = this.error?.code !== error.code;
    this.error = error;
    return isNews;
  }

  /** Whether a read gave an older revision than is known of, or none though the probe before it saw one. */
  #isStale({ revision, error, named }: Finding): boolean {
    if (error !== undefined) return error.code === 'NOT_FOUND' && named !== undefined;
    return revision !== undefined && this.isOld(revision.revision);
  }

  #lags({ marker, named, revision }: Finding, nowMs: number): void {
    const now = { nowMs, marker, named, revision: revision?.revision ?? null };
    this.lag = lagsStill(this.lag, now, this.#ports.jitter());
  }

  #ingest({ revision, digest, formerDigest, createdAtMs }: ReadRevision): void {
    this.current = { revision, digest, formerDigest, createdAtMs: createdAtMs ?? null };
    this.tagged = { ...this.current, revision: tagRevision(refKey(this.ref), revision) };
    this.#digests.set(revision, digest);
    const oldest = this.#digests.size > DIGESTS_PER_REF ? this.#digests.keys().next().value : undefined;
    if (oldest !== undefined) this.#digests.delete(oldest);
  }
}
