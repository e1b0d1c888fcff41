import { displayText } from '@vault-swarm/kernel';
import { type DatedProblem, errorRate, healthReport, healthSummary } from '@vault-swarm/metrics';
import { describeManager, type ManagerStatus } from '@vault-swarm/rotation';
import type { Overview } from './api/index.ts';
import type { CallerAccess } from './api/overview.ts';
import { lockdownDocument, rfc3339 } from './serializers.ts';
import type { MonitoringSources, ProviderWithKind } from './sources.ts';
import type { Lists } from './status-lists.ts';

/** The overview for a client with this access. */
export function overviewDocument(sources: MonitoringSources, lists: Lists, access: CallerAccess): Overview {
  const figures = sources.figures();
  const { runtime, rotations, rotationErrors } = figures;
  const health = healthReport(figures, [], true);
  const deliveries = sources.deliveries();
  const held = sources.held();
  const problems = sources.problems();
  return {
    plugin: {
      name: sources.pluginName,
      version: sources.version,
      started_at: rfc3339(figures.startedAtMs),
      uptime_seconds: health.uptime_seconds,
    },
    access,
    summary: healthSummary({
      isHealthy: health.healthy,
      heartbeatAtMs: figures.heartbeatAtMs,
      isRotationEnabled: lists.observation.rotation_enabled,
      isLockedDown: sources.status().lockdown !== null,
      problems,
      services: sources.status().services,
      driver: sources.pluginName,
      secrets: lists.counts.secrets,
    }),
    healthy: health.healthy,
    ticker_healthy: health.ticker_healthy,
    heartbeat_at: rfc3339(figures.heartbeatAtMs),
    interval_seconds: sources.intervalMs / 1000,
    problems: problemEntries(problems),
    warnings: sources.warnings.map(({ code, variable, message }) => ({ code, variable, message })),
    lockdown: lockdownDocument(sources.status().lockdown),
    ...lists.observation,
    runtime: {
      goroutines: runtime.operationsInFlight,
      alloc_bytes: runtime.allocBytes,
      sys_bytes: runtime.sysBytes,
      heap_bytes: runtime.heapBytes,
      gc_cycles: runtime.gcCycles,
      gc_pause_total_ms: thousandths(runtime.gcPauseTotalMs),
      gc_last_at: rfc3339(runtime.lastGcAtMs),
      event_loop_lag_ms: thousandths(runtime.eventLoopLagMs),
    },
    rotations: {
      total: rotations,
      errors: rotationErrors,
      error_rate: errorRate(rotations, rotationErrors),
      in_progress: lists.inProgress,
      last_at: lists.lastRotationAt,
    },
    deliveries: {
      cache: deliveries.cache,
      provider: deliveries.provider,
      stale: deliveries.stale,
      refused: deliveries.refused,
      hit_rate: thousandths(deliveries.hitRate),
      p50_ms: thousandths(deliveries.p50Ms),
      p99_ms: thousandths(deliveries.p99Ms),
      cached_values: held.values,
      cached_bytes: held.bytes,
    },
    providers: sources.providers().map(providerDocument),
    managers: sources.managers().slice(0, MAX_MANAGERS).map(managerDocument),
    counts: lists.counts,
  };
}

/** The most managers that are listed. A Swarm works well with seven. */
const MAX_MANAGERS = 100;

/** The most names of secrets or services that a problem lists. */
const MAX_AFFECTED = 20;

function problemEntries(problems: readonly DatedProblem[]): Overview['problems'] {
  return problems.map(({ code, severity, summary, detail, action, sinceMs, secrets, services }) => ({
    code,
    severity,
    summary,
    message: detail,
    action,
    since: rfc3339(sinceMs),
    secrets: secrets.slice(0, MAX_AFFECTED).map(displayText),
    services: services.slice(0, MAX_AFFECTED).map(displayText),
    affected: { secrets: secrets.length, services: services.length },
  }));
}

function providerDocument(provider: ProviderWithKind): Overview['providers'][number] {
  const { state, lastError } = provider;
  const isWrong = state === 'failing' || state === 'circuit-open';
  return {
    name: provider.name,
    kind: provider.kind,
    state,
    since: rfc3339(provider.sinceMs),
    error: isWrong && lastError !== null ? { code: lastError.code, message: lastError.message } : null,
    requests: provider.requests,
    errors: provider.errors,
    latency_p50_ms: thousandths(provider.p50Ms),
    latency_p99_ms: thousandths(provider.p99Ms),
    last_answer_at: rfc3339(provider.lastAnswerAtMs),
  };
}

function managerDocument(manager: ManagerStatus): Overview['managers'][number] {
  const { id, name, isLeader, isSelf, state, announcement } = manager;
  return {
    ...{ id, name, role: isLeader ? 'leader' : 'standby', is_self: isSelf, state },
    message: describeManager(manager),
    plugin_version: announcement?.version ?? null,
    kind: announcement?.kind ?? null,
    started_at: rfc3339(announcement?.startedAtMs ?? null),
    announced_at: rfc3339(announcement?.writtenAtMs ?? null),
  };
}

function thousandths(value: number): number;
function thousandths(value: number | null): number | null;
function thousandths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
