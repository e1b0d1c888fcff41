import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { ProviderError } from '@vault-swarm/provider';

/** The maximum number of cached refusals. The oldest are evicted. */
const MAX_REFUSALS = 10_000;

/**
 * Caches recent refusals of providers. Without it, hundreds of tasks that want the same missing secret one after the
 * other would cost one request each.
 */
export class NegativeCache {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** By ref key. */
  readonly #refusals = new BoundedMap<{ readonly error: ProviderError; readonly requestedAtMs: number }>({
    maxEntries: MAX_REFUSALS,
  });

  /** @param maxAgeMs how long a refusal is cached; 0 caches none. */
  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Adds a refusal of the ref. The request was sent at `requestedAtMs` (monotonic). */
  add(key: string, error: ProviderError, requestedAtMs: number): void {
    this.#refusals.set(key, { error, requestedAtMs });
  }

  /** Removes the refusal of a ref that has a value now. */
  delete(key: string): void {
    this.#refusals.delete(key);
  }

  /** The cached refusal of the ref, if it is recent. */
  get(key: string): ProviderError | undefined {
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return undefined;
    if (this.#clock.monotonic() - refusal.requestedAtMs < this.#maxAgeMs) return refusal.error;
    this.#refusals.delete(key);
    return undefined;
  }
}
