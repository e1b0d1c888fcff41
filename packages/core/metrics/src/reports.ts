import type { Problem } from '@vault-swarm/provider';
import { errorRate } from './rotation-counters.ts';
import type { RuntimeStats } from './runtime.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;

/** All measurements at one moment. JSON, Prometheus and the dashboard show the same numbers. */
export interface Stats {
  readonly runtime: RuntimeStats;
  readonly rotations: number;
  readonly rotationErrors: number;
  readonly tickerHealthy: boolean;
  /** Milliseconds since 1970; `null` if there was no beat. */
  readonly heartbeatAtMs: number | null;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly uptimeMs: number;
}

/** The response of `/health`. */
export interface HealthReport {
  readonly healthy: boolean;
  /** Whole seconds. */
  readonly uptime_seconds: number;
  readonly goroutines: number;
  /** Whole mebibytes. */
  readonly memory_usage_mb: number;
  readonly total_rotations: number;
  readonly rotation_errors: number;
  /** Per cent, two decimals. */
  readonly error_rate: number;
  readonly ticker_healthy: boolean;
  /** Sentences without duplicates; empty if there is no problem. */
  readonly problems: readonly string[];
}

/** The response of `/metrics`. Times are RFC 3339; `null` if the event has not happened. */
export interface MetricsReport {
  readonly num_goroutines: number;
  readonly mem_alloc_bytes: number;
  readonly mem_sys_bytes: number;
  readonly mem_heap_bytes: number;
  readonly gc_cycles: number;
  readonly gc_pause_total_ms: number;
  readonly gc_last: string | null;
  readonly secret_rotations: number;
  readonly rotation_errors: number;
  readonly ticker_heartbeat: string | null;
  readonly monitoring_start_time: string;
}

/** The plugin is healthy if its ticker is. All other problems are in `problems`, with names only if the client is signed in. */
export function healthReport(stats: Stats, problems: readonly Problem[], signedIn: boolean): HealthReport {
  const { runtime, rotations, rotationErrors, tickerHealthy } = stats;
  const sentences = problems.map(({ summary, detail, action }) => (signedIn ? `${detail}. ${action}.` : summary));
  return {
    healthy: tickerHealthy,
    uptime_seconds: Math.floor(stats.uptimeMs / 1000),
    goroutines: runtime.operationsInFlight,
    memory_usage_mb: Math.round(runtime.allocBytes / BYTES_PER_MEBIBYTE),
    total_rotations: rotations,
    rotation_errors: rotationErrors,
    error_rate: errorRate(rotations, rotationErrors),
    ticker_healthy: tickerHealthy,
    problems: [...new Set(sentences)],
  };
}

/** The statistics under the names of `/metrics`. */
export function metricsReport({ runtime, ...stats }: Stats): MetricsReport {
  return {
    num_goroutines: runtime.operationsInFlight,
    mem_alloc_bytes: runtime.allocBytes,
    mem_sys_bytes: runtime.sysBytes,
    mem_heap_bytes: runtime.heapBytes,
    gc_cycles: runtime.gcCycles,
    gc_pause_total_ms: runtime.gcPauseTotalMs,
    gc_last: rfc3339(runtime.lastGcAtMs),
    secret_rotations: stats.rotations,
    rotation_errors: stats.rotationErrors,
    ticker_heartbeat: rfc3339(stats.heartbeatAtMs),
    monitoring_start_time: new Date(stats.startedAtMs).toISOString(),
  };
}

function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
