import type { ProviderError } from './provider-error.ts';
import type { SecretRef } from './secret-ref.ts';
import type { SecretValue } from './secret-value.ts';

/** The options of a call to a provider. An aborted call rejects within 100 ms and leaves nothing running. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** The options of a read: how old the answer may be. */
export interface ReadOptions extends CallOptions {
  /**
   * In monotonic milliseconds. The answer must come from a read that started then or later. The read may belong to
   * another caller of the same location. Without this option, the call may join any read in flight.
   */
  readonly notBeforeMs?: number;
  /**
   * The service for which the value is read, for the provider's own log. The caller that starts a read names it. Missing
   * if the read is for no single service, such as a poll.
   */
  readonly consumer?: string;
}

/** One version of a value. */
export interface SecretRevision {
  /** The caller owns the value and wipes it. Each call returns a new object with its own buffer. */
  readonly value: SecretValue;
  /**
   * The provider's version id if it has one, else a keyed digest of the content. A changed value always has another
   * revision. Compare revisions only under one {@link refKey}.
   */
  readonly revision: string;
  /** When the provider created this version, in milliseconds since 1970 by the provider's clock. */
  readonly createdAtMs?: number;
  /** When the read that returned it started, in monotonic milliseconds. Given only if that was before this call. */
  readonly readAtMs?: number;
  /** In how many milliseconds the provider itself replaces the value, from the answer on. It may be late. */
  readonly replacedInMs?: number;
}

/**
 * Reads values.
 *
 * `read` returns the current value, or the version that `ref` pins, exactly as the provider has it. It rejects only
 * with a {@link ProviderError}, also when it was aborted. Reads may run concurrently. Reads of one location may share
 * one request, if `notBeforeMs` allows it.
 */
export interface SecretProvider {
  read(ref: SecretRef, options: ReadOptions): Promise<SecretRevision>;
}

/**
 * Reads replaced values. Only providers that keep old versions have this.
 *
 * `readRevision` returns the value of `ref` at `revision`. An earlier `read` of the same ref returned that revision,
 * and `ref` has no pin. It rejects only with a {@link ProviderError}: `NOT_FOUND` if that version is deleted, or was
 * deleted and written again.
 */
export interface RevisionReader {
  readRevision(ref: SecretRef, revision: string, options: ReadOptions): Promise<SecretRevision>;
}

/**
 * Orders the revisions of one ref. A provider has this if a replica that lags behind may answer its reads. Without it,
 * each read counts as newer than the one before.
 *
 * `compare` is negative if the provider created `a` before `b`, positive if after, and `undefined` if that is not
 * known.
 */
export interface RevisionOrder {
  compare(a: string, b: string): number | undefined;
}

/**
 * The result of a probe for one ref.
 *
 * - `marker`: an opaque marker. Compare it only with earlier markers of the same ref. `revision` is the one that a read
 *   returns which is as new as this answer: a read that returns an older one is repeated. It is missing if the probe does
 *   not know it, or if there is no value to read.
 * - `unsupported`: only a read can detect a change.
 * - `postponed`: the provider was not asked this time, to spare it. The known state of the ref does not change.
 * - `failed`: the probe failed.
 *
 * `problem` tells the operator what to change so that changes are detected at a lower cost.
 */
export type ProbeResult =
  | { readonly kind: 'marker'; readonly marker: string; readonly revision?: string; readonly problem?: string }
  | { readonly kind: 'unsupported'; readonly problem?: string }
  | { readonly kind: 'postponed' }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/**
 * Detects cheaply whether values may have changed, without reading them. The result has one entry for each ref, by its
 * `refKey`. A changed value always changes the marker. It rejects only when it was aborted.
 */
export interface ChangeProbe {
  /**
   * Set it if the markers name the `revision` of each value that can be read, and if a read costs little. Values that are
   * not known yet are then read while they are probed, even if the probe fails, so that they are known sooner. Without it
   * they are read after the probe, and only if it did not fail.
   */
  readonly namesRevisions?: boolean;
  probe(refs: readonly SecretRef[], options: CallOptions): Promise<ReadonlyMap<string, ProbeResult>>;
}

/**
 * Reports at once that something may have changed. A hint only makes the next probe start sooner: hints can be lost or
 * wrong.
 */
export interface ChangeHints {
  /**
   * Calls `listener` for each hint, until the returned function is called. `changed` are the locations that may have
   * changed: only their values are probed then, each with all of its fields. Without it, all values of the provider are
   * probed.
   */
  onHint(listener: (changed?: readonly Pick<SecretRef, 'location'>[]) => void): () => void;
}
