import type { CallOptions, ProbeOutcome, ReadOptions, SecretRef, SecretRevision } from '@vault-swarm/provider';

/** Reads values and caches them, so that the values selected by the rotation are available when tasks request them. */
export interface ValueCache {
  /**
   * Reads the current value now. It never returns the answer to a read that started before `notBeforeMs`, or by default
   * before this call. Rejects with a ProviderError. The value is valid only in the turn of the event loop in which the
   * promise resolves: it may be wiped afterwards.
   */
  refresh(ref: SecretRef, options: ReadOptions): Promise<SecretRevision>;
  /** A probe started at `atMs` (monotonic) found that `revision` is still current. */
  revalidate(ref: SecretRef, revision: string, atMs: number): void;
  /** A probe or another manager saw that the provider has this revision. Answers with an older one are stale from now on. */
  seen(ref: SecretRef, revision: string): void;
  /**
   * The newest known revision, whether it was read or only seen. A read may return an older one, for example from a
   * lagging replica. That is no change.
   */
  newest(ref: SecretRef): string | undefined;
  /** Records the outcome of a probe of the ref's provider, so that requests know whether the provider is worth asking. */
  reportProbe(ref: SecretRef, outcome: ProbeOutcome): void;
  /**
   * Starts or ends a lockdown. During a lockdown no value is cached, not even a pinned one, and each request does its
   * own read.
   */
  lockDown(active: boolean): void;
  /** Pins these revisions, by ref key: they are never evicted. All others may be evicted again. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void;
  /**
   * Whether a replaced revision is available: from the cache, or by a new read if the provider keeps old ones. Rejects
   * with a ProviderError if the provider does not answer now.
   */
  ensureCached(ref: SecretRef, revision: string, options: CallOptions): Promise<boolean>;
}
