import type { CallOptions, ProbeOutcome, ReadOptions, SecretRef, SecretRevision } from '@vault-swarm/provider';

/** Where values are read and kept, so that what the rotation gives to tasks is available when they ask for it. */
export interface ValueCache {
  /**
   * Reads the current value now, never an answer to a read that started before `notBeforeMs`, or before this call where that is
   * not given. Rejects with a ProviderError. The value is lent for the turn of the event loop in which the promise resolves: it may
   * be wiped afterwards.
   */
  refresh(ref: SecretRef, options: ReadOptions): Promise<SecretRevision>;
  /** A probe started at `atMs` (monotonic) found that `revision` is still current. */
  revalidate(ref: SecretRef, revision: string, atMs: number): void;
  /** A probe or another manager saw that the provider has this revision. An answer with an older one is stale from now on. */
  seen(ref: SecretRef, revision: string): void;
  /**
   * The newest revision that is known of, be it that it was read or only seen. A read may give an older one, as a replica
   * does that lags behind: that is no change.
   */
  newest(ref: SecretRef): string | undefined;
  /** A probe of the ref's provider ended, so that requests may know whether it is worth asking. */
  reportProbe(ref: SecretRef, outcome: ProbeOutcome): void;
  /**
   * Whether a lockdown is active. While it is, no value is kept, also none that is retained, and each request is answered
   * by a read of its own.
   */
  lockDown(active: boolean): void;
  /** From now on these revisions, by ref key, are not dropped, whatever else has to go. Others may go as before. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void;
  /**
   * Whether a revision that was replaced is available: from the cache, else read again where the provider keeps old ones.
   * Rejects with a ProviderError where the provider does not answer now.
   */
  ensureCached(ref: SecretRef, revision: string, options: CallOptions): Promise<boolean>;
}
