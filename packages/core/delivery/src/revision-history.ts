import { type Clock, withDeadline } from '@vault-swarm/kernel';
import {
  type CallOptions,
  describeRef,
  ProviderError,
  refKey,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import type { DecryptedValues } from './decrypted-values.ts';
import type { ProviderReads } from './provider-reads.ts';
import type { RevisionCache } from './revision-cache.ts';

/** A read is aborted after this time, even if its callers would wait longer. */
const READ_DEADLINE_MS = 10_000;

const LAGS = 'its provider lags behind, and does not give the revision yet';

/** Finds replaced revisions: in the cache, or by a new read that concurrent callers share. */
export class RevisionHistory {
  readonly #cache: RevisionCache;
  readonly #reads: ProviderReads;
  readonly #decrypted: DecryptedValues;
  readonly #clock: Clock;
  readonly #flights = new Map<string, Promise<SecretRevision | null>>();

  constructor(cache: RevisionCache, reads: ProviderReads, decrypted: DecryptedValues, clock: Clock) {
    this.#cache = cache;
    this.#reads = reads;
    this.#decrypted = decrypted;
    this.#clock = clock;
  }

  /**
   * The revision, or `null` if it is no longer available: the provider keeps no old versions, or this one is deleted.
   *
   * @throws {ProviderError} if the provider does not answer now; the signal's reason when aborted.
   */
  async find(ref: SecretRef, revision: string, { signal }: CallOptions): Promise<SecretRevision | null> {
    const key = refKey(ref);
    const cached = this.#cache.get(key, revision);
    if (cached !== undefined) return cached;
    if (!this.#reads.isSharing)
      return withDeadline(this.#clock, READ_DEADLINE_MS, signal, () => this.#read(ref, revision));
    const id = `${key} ${revision}`;
    const flight = this.#flights.get(id) ?? this.#read(ref, revision).finally(() => this.#flights.delete(id));
    this.#flights.set(id, flight);
    return withDeadline(this.#clock, READ_DEADLINE_MS, signal, () => flight);
  }

  async #read(ref: SecretRef, revision: string): Promise<SecretRevision | null> {
    const notBeforeMs = this.#clock.monotonic();
    try {
      return await withDeadline(this.#clock, READ_DEADLINE_MS, undefined, async (signal) => {
        const { revisions } = await this.#reads.findProvider(ref.provider);
        if (revisions === null) return null;
        const options = this.#reads.isSharing ? { signal } : { signal, notBeforeMs };
        const read = await this.#reads.ask(ref, signal, () => revisions.readRevision(ref, revision, options));
        const found = await this.#decrypted.of(ref, read, signal);
        this.#cache.add(refKey(ref), found);
        return found;
      });
    } catch (error) {
      if (!(error instanceof ProviderError) || error.retryable) throw error;
      // A replica that lags behind may not have the revision yet.
      if (this.#reads.lags(ref))
        throw new ProviderError('UNAVAILABLE', `${describeRef(ref)}: ${LAGS}`, { cause: error });
      return null;
    }
  }
}
