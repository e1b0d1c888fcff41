import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { type Percentiles, RecentDurations } from './recent-durations.ts';

/** How requests for secrets were answered since the start. */
export interface DeliveryCounts {
  readonly cache: number;
  readonly provider: number;
  /** From the cache, because the provider did not answer. */
  readonly stale: number;
  readonly refused: number;
}

/** {@link DeliveryCounts}, with the hit rate and the response times of the last minutes. */
export interface DeliverySummary extends DeliveryCounts, Percentiles {
  /**
   * The percentage of delivered values that came fresh from the cache. Stale values are not hits. `null` before the
   * first value.
   */
  readonly hitRate: number | null;
}

/** Counts how requests for secrets were answered. */
export class DeliveryStats {
  readonly #counts = { cache: 0, provider: 0, stale: 0, refused: 0 };
  readonly #durations: RecentDurations;

  constructor(clock: Clock) {
    this.#durations = new RecentDurations(clock);
  }

  /** Call this with every event. */
  observe(event: ProductEvent): void {
    if (event.type === 'secret.delivered') this.#counts[event.source] += 1;
    else if (event.type === 'delivery.failed') this.#counts.refused += 1;
    else return;
    this.#durations.record(event.durationMs);
  }

  /** The current counters. */
  get counts(): DeliveryCounts {
    return this.#counts;
  }

  /** The current counters and response times. */
  summary(): DeliverySummary {
    const { cache, provider, stale } = this.#counts;
    const delivered = cache + provider + stale;
    return {
      ...this.#counts,
      hitRate: delivered === 0 ? null : Math.round((10_000 * cache) / delivered) / 100,
      ...this.#durations.percentiles(),
    };
  }
}
