import * as z from 'zod';

const numbers = z.array(z.number().nullable());

const series = z.object({
  alloc_bytes: numbers,
  sys_bytes: numbers,
  heap_bytes: numbers,
  goroutines: numbers,
  event_loop_lag_ms: numbers,
  gc_pause_ms: numbers,
  gc_cycles: numbers,
  rotations: numbers,
  rotation_errors: numbers,
  delivered_cache: numbers,
  delivered_provider: numbers,
  delivered_stale: numbers,
  refused: numbers,
  delivery_p99_ms: numbers,
  outdated_tasks: numbers,
});

const providerSeries = z.object({
  requests: numbers,
  errors: numbers,
  latency_p50_ms: numbers,
  latency_p99_ms: numbers,
});

/**
 * The response of `GET /api/v1/history`: the last hour. Each list is as long as `at`, with `null` if there was nothing
 * to measure.
 */
export const historySchema = z
  .object({
    interval_seconds: z.number().positive(),
    at: z.array(z.int()).meta({ description: 'the end of each interval, in seconds since 1970' }),
    series: series.meta({ description: 'bytes and lag at that time; everything else within the interval' }),
    providers: z.record(z.string(), providerSeries).meta({ description: 'by provider name' }),
  })
  .meta({ id: 'History' });

/** The response of `GET /api/v1/history`. */
export type History = z.output<typeof historySchema>;
