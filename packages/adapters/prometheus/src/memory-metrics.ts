import type { Registry } from 'prom-client';
import { Readings } from './readings.ts';

/** What is held in memory to be delivered. */
export interface CachedValues {
  readonly values: number;
  readonly bytes: number;
  /** Dropped for others since the start. */
  readonly evicted: number;
}

/** How full the memory for values is. */
export function cacheMetrics(registry: Registry): Readings<CachedValues> {
  const readings = new Readings<CachedValues>(registry);
  readings.gauge('cached_values', 'Values in memory, earlier revisions among them', ({ values }) => values);
  readings.gauge('cached_values_bytes', 'Size of the values in memory in bytes', ({ bytes }) => bytes);
  readings.counter(
    'cache_evictions',
    'Values dropped from the cache because a limit was reached',
    ({ evicted }) => evicted,
  );
  return readings;
}
