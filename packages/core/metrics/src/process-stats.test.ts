import { expect, test } from 'vitest';
import { ProcessStats } from './process-stats.ts';

const runtime = {
  operationsInFlight: 1,
  allocBytes: 2,
  sysBytes: 3,
  heapBytes: 4,
  gcCycles: 0,
  gcPauseTotalMs: 0,
  lastGcAtMs: null,
  eventLoopLagMs: 0,
};

test('figures follow the events, and uptime is not moved by a wall clock that is set', () => {
  const time = { wallMs: 1_000_000, monotonicMs: 10 };
  const clock = { now: () => time.wallMs, monotonic: () => time.monotonicMs, after: () => () => {} };
  const vitals = new ProcessStats(clock, { read: () => runtime }, { intervalMs: 1000, rotationEnabled: true });
  expect(vitals.stats()).toEqual({
    runtime,
    rotations: 0,
    rotationErrors: 0,
    tickerHealthy: true,
    heartbeatAtMs: null,
    startedAtMs: 1_000_000,
    uptimeMs: 0,
  });
  time.monotonicMs += 2500;
  time.wallMs -= 500_000;
  vitals.observe({ type: 'rollout.completed', service: 'web', secrets: ['db'], generation: 1, durationMs: 1 });
  vitals.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true });
  expect(vitals.stats()).toMatchObject({
    rotations: 1,
    rotationErrors: 0,
    heartbeatAtMs: 500_000,
    startedAtMs: 1_000_000,
    uptimeMs: 2500,
  });
});
