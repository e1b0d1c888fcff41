import type { Problem } from '@vault-swarm/provider';
import { errorRate } from './rotation-counters.ts';
import type { RuntimeStats } from './runtime.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;

/** All that is measured, at one moment. JSON, Prometheus and dashboard show the same figures. */
export interface Stats {
  readonly runtime: RuntimeStats;
  readonly rotations: number;
  readonly rotationErrors: number;
  readonly tickerHealthy: boolean;
  /** Milliseconds since 1970; `null` where there was no beat. */
  readonly heartbeatAtMs: number | null;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly uptimeMs: number;
}

/** The answer of `/health`. */
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
  /** Sentences, each once; empty when all is well. */
  readonly problems: readonly string[];
}

/** The answer of `/metrics`. Times are RFC 3339, `null` where there was none. */
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

/** Healthy is whose ticker is; all else that is wrong is in `problems`, with names only for who is signed in. */
export function healthReport(stats: Stats, problems: readonly Problem[], signedIn: boolean): HealthReport {
  const { runtime, rotations, rotationErrors, tickerHealthy } = stats;
  const sentences = problems.map(({ summary, detail }) => (signedIn ? detail : summary));
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

/** The figures under the names of `/metrics`. */
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
