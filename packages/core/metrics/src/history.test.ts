import { expect, test } from 'vitest';
import { History } from './history.ts';
import type { Stats } from './reports.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { delivered, freshFigures, refused, requested } from './testing/samples.ts';

function setUp() {
  const clock = new ManualClock();
  const state: { stats: Stats; outdated: number } = { stats: freshFigures, outdated: 0 };
  const history = new History(clock, {
    providers: ['vault'],
    stats: () => state.stats,
    outdatedTasks: () => state.outdated,
  });
  history.start();
  return { clock, state, history };
}

test('is empty at first, and has a sample each 10 s', () => {
  const { clock, history } = setUp();
  expect(history.report()).toMatchObject({ interval_seconds: 10, at: [], series: { alloc_bytes: [] } });
  clock.advance(25_000);
  expect(history.report()).toMatchObject({
    at: [1_700_000_010, 1_700_000_020],
    series: { alloc_bytes: [1000, 1000], goroutines: [4, 4], delivery_p99_ms: [null, null] },
    providers: { vault: { requests: [0, 0], latency_p50_ms: [null, null] } },
  });
});

test('goes on after a sample that could not be taken', () => {
  const { clock, state, history } = setUp();
  const { stats } = state;
  Object.defineProperty(state, 'stats', {
    configurable: true,
    get: () => {
      throw new Error('a fault');
    },
  });
  expect(() => clock.advance(10_000)).toThrow('a fault');
  Object.defineProperty(state, 'stats', { value: stats });
  clock.advance(10_000);
  expect(history.report().at).toEqual([1_700_000_020]);
});

test('counts what happened within each interval', () => {
  const { clock, state, history } = setUp();
  for (const event of [delivered('cache', 2), delivered('provider', 80), refused(), requested('vault', 'ok', 40)]) {
    history.observe(event);
  }
  history.observe(requested('vault', 'UNAVAILABLE', 500));
  history.observe(requested('unheard-of'));
  state.stats = {
    ...freshFigures,
    rotations: 2,
    runtime: { ...freshFigures.runtime, gcCycles: 3, gcPauseTotalMs: 7.5, eventLoopLagMs: 12 },
  };
  state.outdated = 5;
  clock.advance(10_000);
  history.observe(delivered('stale'));
  state.stats = { ...state.stats, rotations: 3, rotationErrors: 1 };
  clock.advance(10_000);
  const { series, providers } = history.report();
  expect(series).toMatchObject({
    rotations: [2, 1],
    rotation_errors: [0, 1],
    gc_cycles: [3, 0],
    gc_pause_ms: [7.5, 0],
    event_loop_lag_ms: [12, 12],
    delivered_cache: [1, 0],
    delivered_provider: [1, 0],
    delivered_stale: [0, 1],
    refused: [1, 0],
    outdated_tasks: [5, 5],
  });
  expect(series.delivery_p99_ms[0]).toBeGreaterThan(70);
  expect(providers.vault).toMatchObject({ requests: [2, 0], errors: [1, 0] });
  expect(providers.vault?.latency_p99_ms[0]).toBeGreaterThan(450);
  expect(providers.vault?.latency_p99_ms[1]).toBeNull();
});

test('keeps the last hour, and takes no more samples after its end', () => {
  const { clock, history } = setUp();
  clock.advance(2 * 3_600_000);
  const { at, series, providers } = history.report();
  expect(at).toHaveLength(360);
  expect([at[0], at.at(-1)]).toEqual([1_700_003_610, 1_700_007_200]);
  expect(Object.values(series).every((samples) => samples.length === 360)).toBe(true);
  expect(Object.values(providers.vault ?? {}).every((samples) => samples.length === 360)).toBe(true);
  history.close();
  clock.advance(60_000);
  expect(history.report().at.at(-1)).toBe(1_700_007_200);
});
