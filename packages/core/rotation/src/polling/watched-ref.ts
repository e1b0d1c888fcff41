import { type ProviderError, refKey, type SecretRef, type SecretRevision } from '@vault-swarm/provider';
import type { Noticed } from '../ledger/ledger.ts';
import { tagRevision } from '../ledger/secret-version.ts';
import type { ValueCache } from '../ports/value-cache.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { type LaggingRead, lagsStill } from './lagging-read.ts';
import { nextRead, type ScheduledChange } from './scheduled-change.ts';

/** The metadata of a value that was read. */
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
  /**
   * The revision that the probe named, before the read or at the same time. A value exists, and an up-to-date read
   * returns this revision.
   */
  readonly named?: string | undefined;
}

/** What applying a finding depends on. */
export interface WatchedRefPorts {
  readonly values: Pick<ValueCache, 'newest'>;
  /** Random jitter, 0 to 1, for the delay until a lagging ref is read again. */
  readonly jitter: () => number;
}

const DIGESTS_PER_REF = 4;

/** What is known of one ref, as of the latest poll that could determine it. */
export class WatchedRef {
  readonly ref: SecretRef;
  readonly #ports: WatchedRefPorts;
  marker: string | null = null;
  current: CurrentValue | null = null;
  /** The current value with its revision tagged with the ref. */
  tagged: CurrentValue | null = null;
  /** When the latest poll that found `current` started, in monotonic milliseconds. */
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  error: ProviderError | null = null;
  /** Set while reads return older revisions than the newest known one. */
  lag: LaggingRead | null = null;
  /** Set if the provider said when it replaces the value. */
  #scheduled: ScheduledChange | null = null;
  /** Digests of the latest revisions, oldest first. */
  readonly #digests = new Map<string, string>();

  constructor(ref: SecretRef, ports: WatchedRefPorts) {
    this.ref = ref;
    this.#ports = ports;
  }

  /** When it is read again between two polls, in monotonic milliseconds; `null` if that is not needed. */
  get againAtMs(): number | null {
    if (this.lag === null) return this.#scheduled?.againAtMs ?? null;
    return Math.min(this.lag.againAtMs, this.#scheduled?.againAtMs ?? Number.POSITIVE_INFINITY);
  }

  /** Whether no poll has found anything about it yet. */
  get isUnknown(): boolean {
    return this.current === null && this.error === null && this.lag === null;
  }

  /** Whether a newer revision than the current one is known, from a probe, another manager or a request. */
  get isBehind(): boolean {
    return this.current !== null && this.isOld(this.current.revision);
  }

  /** Whether the latest read returned an older value than the current one, and no probe has named the current one since. */
  get isDisputed(): boolean {
    return this.lag !== null && this.current !== null && this.lag.named !== this.current.revision;
  }

  /** Whether a newer revision than this one is known. */
  isOld(revision: string): boolean {
    const newest = this.#ports.values.newest(this.ref);
    return newest !== undefined && newest !== revision;
  }

  /** Whether a read returned another value than the current one, and not an old one. */
  isNews({ revision }: Finding): boolean {
    return revision !== undefined && revision.revision !== this.current?.revision && !this.isOld(revision.revision);
  }

  /** The digest of one of the latest revisions; `null` if that revision was not read. */
  digestOf(revision: string): string | null {
    return this.#digests.get(revision) ?? null;
  }

  /** Applies a finding at `nowMs` (monotonic). Returns whether the value or the error changed. */
  takeOver(finding: Finding, nowMs: number, noticed: Noticed): boolean {
    const { revision, error } = finding;
    const { replacedInMs } = revision ?? {};
    if (error !== undefined) this.#scheduled = null;
    else if (revision !== undefined) {
      this.#scheduled = replacedInMs === undefined ? null : nextRead(this.#scheduled, replacedInMs, nowMs);
    }
    // A retryable error proves nothing about the value, so the known value and its marker stay.
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
    // The provider does not have the value, or denies access to it. So it is no longer current.
    if (error !== undefined) {
      this.current = null;
      this.tagged = null;
      this.marker = null;
      return this.#failed(error);
    }
    this.error = null;
    // If the probe and the read disagree, one of them is behind. The ref is read again until they agree.
    const isAgreed = revision === undefined || finding.named === undefined || finding.named === revision.revision;
    this.marker = isAgreed ? finding.marker : null;
    if (revision === undefined) return isOver;
    this.confirmedAtMs = finding.startedAtMs;
    if (this.current?.revision === revision.revision) return isOver;
    this.#ingest(revision, noticed);
    return true;
  }

  #failed(error: ProviderError): boolean {
    const isNews = this.error?.code !== error.code;
    this.error = error;
    return isNews;
  }

  /**
   * Whether a read returned an older revision than the newest known one, or none although the probe before it saw one. A
   * field that is missing in the revision of the probe is no lag.
   */
  #isStale({ revision, error, named }: Finding): boolean {
    if (error !== undefined) return error.code === 'NOT_FOUND' && named !== undefined && error.revision !== named;
    return revision !== undefined && this.isOld(revision.revision);
  }

  #lags({ marker, named, revision }: Finding, nowMs: number): void {
    const now = { nowMs, marker, named, revision: revision?.revision ?? null };
    this.lag = lagsStill(this.lag, now, this.#ports.jitter());
  }

  #ingest({ revision, digest, formerDigest, createdAtMs }: ReadRevision, noticed: Noticed): void {
    const isFirst = this.#digests.size === 0 && noticed.by === 'poll';
    this.current = {
      revision,
      digest,
      formerDigest,
      createdAtMs: createdAtMs ?? null,
      noticed: isFirst ? { by: 'start' } : noticed,
    };
    this.tagged = { ...this.current, revision: tagRevision(refKey(this.ref), revision) };
    this.#digests.set(revision, digest);
    const oldest = this.#digests.size > DIGESTS_PER_REF ? this.#digests.keys().next().value : undefined;
    if (oldest !== undefined) this.#digests.delete(oldest);
  }
}
