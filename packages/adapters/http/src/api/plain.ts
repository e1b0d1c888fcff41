import * as z from 'zod';
import { bytes, count, milliseconds, time } from './parts.ts';

/** The response of `GET /health`. */
export const healthSchema = z
  .object({
    healthy: z.boolean(),
    uptime_seconds: count,
    goroutines: count,
    memory_usage_mb: count.meta({ description: 'mebibytes' }),
    total_rotations: count,
    rotation_errors: count,
    error_rate: z.number().min(0).max(100),
    ticker_healthy: z.boolean(),
    problems: z.array(z.string()).meta({ description: 'sentences; with names only for clients that are signed in' }),
  })
  .meta({ id: 'Health' });

/** The response of `GET /metrics`. */
export const metricsSchema = z
  .object({
    num_goroutines: count,
    mem_alloc_bytes: bytes,
    mem_sys_bytes: bytes,
    mem_heap_bytes: bytes,
    gc_cycles: count,
    gc_pause_total_ms: milliseconds,
    gc_last: time.nullable(),
    secret_rotations: count,
    rotation_errors: count,
    ticker_heartbeat: time.nullable(),
    monitoring_start_time: time,
  })
  .meta({ id: 'Metrics' });

/** The response of `GET /livez`. */
export const liveSchema = z.object({ live: z.boolean() }).meta({ id: 'Live' });

/** The response of `GET /readyz`. */
export const readySchema = z.object({ ready: z.boolean(), waiting_for: z.array(z.string()) }).meta({ id: 'Ready' });
