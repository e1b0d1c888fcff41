import type { ProviderError } from './provider-error.ts';
import type { SecretRef } from './secret-ref.ts';
import type { SecretValue } from './secret-value.ts';

/** Every call to a provider can be cut off. An aborted call rejects within 100 ms and leaves nothing running. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** How old an answer may be. */
export interface ReadOptions extends CallOptions {
  /**
   * In monotonic milliseconds: the answer is that of a read which started then or later, be it another caller's of the same
   * location. Without it, one that is in progress may be joined.
   */
  readonly notBeforeMs?: number;
}

/** One version of a value. */
export interface SecretRevision {
  /** It belongs to the caller, who wipes it: each call gives another object, with another buffer. */
  readonly value: SecretValue;
  /**
   * The provider's own version id where it has one, else a keyed digest of the content. A changed value always has
   * another revision. Comparable only under one {@link refKey}.
   */
  readonly revision: string;
  /** When the provider made this version, in milliseconds since 1970 by its clock. */
  readonly createdAtMs?: number;
  /** When the read started that gave it, in monotonic milliseconds, where that was before it was asked for. */
  readonly readAtMs?: number;
}

/**
 * Reads values.
 *
 * `read` gives the current value, or the one that `ref` pins, exactly as the provider has it. It rejects with a
 * {@link ProviderError} only, also when it was aborted. Reads may run at the same time; those of one location may share one request
 * as far as `notBeforeMs` allows.
 */
export interface SecretProvider {
  read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision>;
}

/**
 * Reads values that were replaced. Only providers that keep old versions have this.
 *
 * `readRevision` gives the value of `ref` as it was at `revision`, which an earlier `read` of the same ref told; `ref`
 * pins nothing. It rejects with a {@link ProviderError} only: `NOT_FOUND` where that version is gone, or is another one
 * by now (deleted and written again).
 */
export interface RevisionReader {
  readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision>;
}

/**
 * Orders the revisions of one ref. Providers have this whose answers may come from a replica that lags behind: without
 * it, each read counts as newer than the one before.
 *
 * `compare` is negative if the provider made `a` before `b`, positive if after, and `undefined` if that is not known.
 */
export interface RevisionOrder {
  compare(a: string, b: string): number | undefined;
}

/**
 * The answer of a probe for one ref: an opaque marker, compared only with earlier ones of the same ref; `unsupported`
 * where only a read can tell; `postponed` where the provider is not asked this time, to spare it: what was known of the
 * ref is neither confirmed nor doubted; or an error. `problem` says what the operator may change so that changes are
 * noticed in a cheaper way. `revision` is the one that a read gives which is as new as this answer: a read that gives
 * an older one is repeated. It is left out if the probe does not know it, or if there is no value to read.
 */
export type ProbeResult =
  | { readonly kind: 'marker'; readonly marker: string; readonly revision?: string; readonly problem?: string }
  | { readonly kind: 'unsupported'; readonly problem?: string }
  | { readonly kind: 'postponed' }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/**
 * Asks the cheapest question whether values may have changed, without fetching one. The answer has one entry for each
 * ref, by its `refKey`. A changed value always changes the marker. It rejects only when it was aborted.
 */
export interface ChangeProbe {
  probe(refs: readonly SecretRef[], options: CallOptions): Promise<ReadonlyMap<string, ProbeResult>>;
}

/** Tells at once that something may have changed. Only a hint to probe sooner: hints may be lost, or be wrong. */
export interface ChangeHints {
  /** Calls `listener` on each hint until the returned function is called. */
  onHint(listener: () => void): () => void;
}

/** One configured provider, ready to use. What a provider can't do is `null`. */
export interface ProviderInstance {
  /** The name by which labels and configuration know it, such as `vault`. */
  readonly name: string;
  readonly secrets: SecretProvider;
  readonly probe: ChangeProbe | null;
  readonly hints: ChangeHints | null;
  readonly revisions: RevisionReader | null;
  readonly order: RevisionOrder | null;
  /** Ends connections, timers and watches. Calls in progress are cut off. May be called more than once. */
  close(): Promise<void>;
}
