import type { Registry } from 'prom-client';
import { Readings } from './readings.ts';

/** The state of the value cache. */
export interface CachedValues {
  readonly values: number;
  readonly bytes: number;
  /** Evicted since the start. */
  readonly evicted: number;
}

/** The metrics of the value cache. */
export function cacheMetrics(registry: Registry): Readings<CachedValues> {
  const readings = new Readings<CachedValues>(registry);
  readings.gauge('cached_values', 'Values in the cache, including previous revisions', ({ values }) => values);
  readings.gauge('cached_values_bytes', 'Size of the values in the cache in bytes', ({ bytes }) => bytes);
  readings.counter(
    'cache_evictions',
    'Values evicted from the cache because a limit was reached',
    ({ evicted }) => evicted,
  );
  return readings;
}
