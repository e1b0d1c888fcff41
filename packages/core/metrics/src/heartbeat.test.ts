import { expect, test } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

const INTERVAL_MS = 10_000;

function setUp(enabled = true) {
  const time = { wallMs: 1_700_000_000_000, monotonicMs: 50 };
  const clock = { now: () => time.wallMs, monotonic: () => time.monotonicMs, after: () => () => {} };
  const pass = (ms: number) => {
    time.wallMs += ms;
    time.monotonicMs += ms;
  };
  return { time, pass, heartbeat: new Heartbeat(clock, { intervalMs: INTERVAL_MS, enabled }) };
}

test('before the first beat, three intervals count from the start', () => {
  const { pass, heartbeat } = setUp();
  expect(heartbeat.lastAtMs).toBeNull();
  pass(3 * INTERVAL_MS);
  expect(heartbeat.tickerHealthy).toBe(true);
  pass(1);
  expect(heartbeat.tickerHealthy).toBe(false);
});

test('a beat keeps the ticker healthy for three intervals, and the next one makes it healthy again', () => {
  const { time, pass, heartbeat } = setUp();
  pass(25_000);
  heartbeat.beat();
  expect(heartbeat.lastAtMs).toBe(time.wallMs);
  pass(3 * INTERVAL_MS);
  expect(heartbeat.tickerHealthy).toBe(true);
  pass(1);
  expect(heartbeat.tickerHealthy).toBe(false);
  heartbeat.beat();
  expect(heartbeat.tickerHealthy).toBe(true);
});

test('only a pass that ended and in which the orchestrator answered beats', () => {
  const { heartbeat } = setUp();
  heartbeat.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: false });
  heartbeat.observe({ type: 'reconcile.failed', message: 'not done within 30000 ms' });
  heartbeat.observe({ type: 'provider.recovered', provider: 'vault' });
  expect(heartbeat.lastAtMs).toBeNull();
  heartbeat.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true });
  expect(heartbeat.lastAtMs).not.toBeNull();
});

test('a wall clock that is set changes the time shown, not the health', () => {
  const { time, pass, heartbeat } = setUp();
  heartbeat.beat();
  time.wallMs += 86_400_000;
  expect(heartbeat.tickerHealthy).toBe(true);
  time.wallMs -= 2 * 86_400_000;
  expect(heartbeat.tickerHealthy).toBe(true);
  pass(3 * INTERVAL_MS + 1);
  expect(heartbeat.tickerHealthy).toBe(false);
});

test('with rotation switched off the ticker is healthy and there is no heartbeat', () => {
  const { pass, heartbeat } = setUp(false);
  pass(100 * INTERVAL_MS);
  heartbeat.beat();
  expect(heartbeat.tickerHealthy).toBe(true);
  expect(heartbeat.lastAtMs).toBeNull();
});
