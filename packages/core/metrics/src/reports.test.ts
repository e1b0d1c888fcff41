import { problem } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { healthReport, metricsReport, type Stats } from './reports.ts';

const stats: Stats = {
  runtime: {
    operationsInFlight: 12,
    allocBytes: 47_710_208,
    sysBytes: 90_000_000,
    heapBytes: 60_000_000,
    gcCycles: 7,
    gcPauseTotalMs: 12.5,
    lastGcAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    eventLoopLagMs: 0,
  },
  rotations: 42,
  rotationErrors: 2,
  tickerHealthy: true,
  heartbeatAtMs: Date.UTC(2026, 0, 2, 3, 4, 6),
  startedAtMs: Date.UTC(2026, 0, 1),
  uptimeMs: 97_446_999,
};

test('health has exactly the promised names, types and numbers', () => {
  expect(healthReport(stats, [], false)).toStrictEqual({
    healthy: true,
    uptime_seconds: 97_446,
    goroutines: 12,
    memory_usage_mb: 46,
    total_rotations: 42,
    rotation_errors: 2,
    error_rate: 4.76,
    ticker_healthy: true,
    problems: [],
  });
});

test('a stopped ticker is what makes it unhealthy; other problems only are in the list', () => {
  const found = problem('PROVIDER_UNAVAILABLE', 'vault: sealed');
  expect(healthReport(stats, [found], false)).toMatchObject({ healthy: true, ticker_healthy: true });
  const stopped = { ...stats, tickerHealthy: false };
  expect(healthReport(stopped, [], false)).toMatchObject({ healthy: false, ticker_healthy: false, problems: [] });
});

test('only clients that are signed in get names in problems; equal sentences are listed once', () => {
  const summary = 'A secret has no value to deliver';
  const problems = [
    problem('SECRET_UNDELIVERABLE', 'db-password: no field "value"'),
    problem('SECRET_UNDELIVERABLE', 'api-key: not found'),
  ];
  expect(healthReport(stats, problems, false).problems).toEqual([summary]);
  expect(healthReport(stats, problems, true).problems).toEqual([
    expect.stringMatching(/^A secret has no value to deliver: db-password: no field "value"\. Write .*\.$/),
    expect.stringContaining('api-key: not found. '),
  ]);
});

test('metrics has exactly the promised names, with times in RFC 3339', () => {
  expect(metricsReport(stats)).toStrictEqual({
    num_goroutines: 12,
    mem_alloc_bytes: 47_710_208,
    mem_sys_bytes: 90_000_000,
    mem_heap_bytes: 60_000_000,
    gc_cycles: 7,
    gc_pause_total_ms: 12.5,
    gc_last: '2026-01-02T03:04:05.678Z',
    secret_rotations: 42,
    rotation_errors: 2,
    ticker_heartbeat: '2026-01-02T03:04:06.000Z',
    monitoring_start_time: '2026-01-01T00:00:00.000Z',
  });
});

test('a time that there was not is null', () => {
  const early = { ...stats, heartbeatAtMs: null, runtime: { ...stats.runtime, lastGcAtMs: null } };
  expect(metricsReport(early)).toMatchObject({ gc_last: null, ticker_heartbeat: null });
});
