import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { ProviderError } from '@vault-swarm/provider';

/** More are not remembered: the oldest go. */
const MAX_REFUSALS = 10_000;

/**
 * What providers refused a moment ago, so that hundreds of tasks that want the same missing secret one after the other
 * do not cost a request each.
 */
export class NegativeCache {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** By ref key. */
  readonly #refusals = new BoundedMap<{ readonly error: ProviderError; readonly requestedAtMs: number }>({
    maxEntries: MAX_REFUSALS,
  });

  /** @param maxAgeMs how long a refusal counts; 0 remembers none. */
  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** The ref was refused to a question that was put at `askedAtMs` (monotonic). */
  add(key: string, error: ProviderError, requestedAtMs: number): void {
    this.#refusals.set(key, { error, requestedAtMs });
  }

  /** The ref has a value. */
  delete(key: string): void {
    this.#refusals.delete(key);
  }

  /** Why the ref was refused a moment ago. */
  get(key: string): ProviderError | undefined {
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return undefined;
    if (this.#clock.monotonic() - refusal.requestedAtMs < this.#maxAgeMs) return refusal.error;
    this.#refusals.delete(key);
    return undefined;
  }
}
