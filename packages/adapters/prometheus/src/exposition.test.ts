import type { EventCounter } from '@vault-swarm/kernel';
import type { Stats } from '@vault-swarm/metrics';
import { describe, expect, test } from 'vitest';
import { setUpExposition } from './testing/sources.ts';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';

const later: Stats = {
  runtime: {
    operationsInFlight: 12,
    allocBytes: 47_710_208,
    sysBytes: 90_000_000,
    heapBytes: 60_000_000,
    gcCycles: 7,
    gcPauseTotalMs: 12.5,
    lastGcAtMs: 1_700_000_100_250,
    eventLoopLagMs: 0,
  },
  rotations: 42,
  rotationErrors: 2,
  tickerHealthy: true,
  heartbeatAtMs: 1_700_000_200_500,
  startedAtMs: 1_700_000_000_000,
  uptimeMs: 200_500,
};

const seeds = (figures: readonly number[]) => {
  const names = [
    'goroutines',
    'memory_bytes{type="alloc"}',
    'memory_bytes{type="sys"}',
    'memory_bytes{type="heap"}',
    'secret_rotations_total',
    'rotation_errors_total',
    'gc_cycles_total',
    'gc_pause_seconds_total',
    'last_gc_timestamp_seconds',
    'ticker_heartbeat_timestamp_seconds',
    'start_time_seconds',
  ];
  return Object.fromEntries(names.map((name, index) => [`vault_swarm_plugin_${name}`, figures[index]]));
};
const AT_FIRST = seeds([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1_700_000_000]);
const LATER = seeds([
  12, 47_710_208, 90_000_000, 60_000_000, 42, 2, 7, 0.0125, 1_700_000_100.25, 1_700_000_200.5, 1_700_000_000,
]);

describe.each([
  ['plain text', undefined],
  ['OpenMetrics', OPEN_METRICS],
])('as %s', (_format, accept) => {
  test('every promised metric is there from the start, under its own name, and follows the figures', async () => {
    const { sources, scrape } = setUpExposition();
    expect((await scrape(accept)).samples).toMatchObject(AT_FIRST);
    sources.figures = later;
    expect((await scrape(accept)).samples).toMatchObject(LATER);
  });

  test('the promised metrics have no label but type, and no other series', async () => {
    const { samples } = await setUpExposition().scrape(accept);
    const promised = Object.keys(AT_FIRST).map((name) => name.replace(/\{.*/, ''));
    const found = Object.keys(samples).filter((name) => promised.includes(name.replace(/\{.*/, '')));
    expect(found.sort()).toEqual(Object.keys(AT_FIRST).sort());
  });

  test('series come from configuration and code only, never from what an event names', async () => {
    const { happen, scrape } = setUpExposition();
    const before = Object.keys((await scrape(accept)).samples);
    const secret = { secret: 'db', service: 'web', task: 'abc', durationMs: 3 };
    happen({ type: 'secret.delivered', ...secret, provider: 'vault', revision: '1', source: 'cache' });
    happen({ type: 'delivery.failed', ...secret, provider: 'x', code: 'NOT_FOUND', message: 'none' });
    happen({ type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'sealed' });
    happen({
      type: 'rollout.completed',
      service: 'web',
      secrets: ['db'],
      generation: 1,
      durationMs: 7_000,
    });
    happen({ type: 'orchestrator.failed', operation: 'observe', message: 'gone' });
    const { samples } = await scrape(accept);
    expect(Object.keys(samples)).toEqual(before);
    expect(samples).toMatchObject({
      'vault_swarm_plugin_getsecret_duration_seconds_bucket{le="0.005",outcome="cache"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="cache"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="refused"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="stale"}': 0,
      'vault_swarm_plugin_provider_outages_total{provider="vault",code="UNAVAILABLE"}': 1,
      'vault_swarm_plugin_provider_outages_total{provider="file",code="NOT_FOUND"}': 0,
      vault_swarm_plugin_rollout_duration_seconds_sum: 7,
      vault_swarm_plugin_orchestrator_outages_total: 1,
    });
    happen({ type: 'provider.failed', provider: 'unheard-of', code: 'UNAVAILABLE', message: '' });
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_provider_outages_total{provider="other",code="UNAVAILABLE"}': 1,
    });
  });
});

describe('the two formats', () => {
  test('declare a counter under its full name in plain text, and without _total in OpenMetrics', async () => {
    const { scrape } = setUpExposition();
    expect((await scrape()).types).toMatchObject({
      vault_swarm_plugin_secret_rotations_total: 'counter',
      vault_swarm_plugin_gc_pause_seconds_total: 'counter',
      vault_swarm_plugin_start_time_seconds: 'gauge',
    });
    expect((await scrape(OPEN_METRICS)).types).toMatchObject({
      vault_swarm_plugin_secret_rotations: 'counter',
      vault_swarm_plugin_gc_pause_seconds: 'counter',
      vault_swarm_plugin_start_time_seconds: 'gauge',
    });
  });

  test('do not disturb each other when asked for in turn', async () => {
    const { exposition } = setUpExposition();
    const first = [await exposition.render(undefined), await exposition.render(OPEN_METRICS)];
    const again = [await exposition.render(undefined), await exposition.render(OPEN_METRICS)];
    expect(again).toEqual(first);
  });

  test('end as each format must, and say what they are', async () => {
    const { exposition } = setUpExposition();
    expect(await exposition.render(undefined)).toMatch(/[^\n]\n$/);
    expect(await exposition.render(undefined)).not.toContain('# EOF');
    expect(await exposition.render(OPEN_METRICS)).toMatch(/\n# EOF\n$/);
    expect(exposition.contentType(undefined)).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(exposition.contentType(OPEN_METRICS)).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });
});

test('shows how full the memory is, and counts what was dropped from it, in both formats', async () => {
  const { sources, scrape } = setUpExposition();
  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    sources.held = { values: 3, bytes: 30, evicted: 2 };
    await scrape(accept);
    sources.held = { values: 2, bytes: 20, evicted: 5 };
    expect((await scrape(accept)).samples).toMatchObject({
      vault_swarm_plugin_cached_values: 2,
      vault_swarm_plugin_cached_values_bytes: 20,
      vault_swarm_plugin_cache_evictions_total: 5,
    });
  }
});

test("an adapter's counter has every result from the start, and counts its own events", async () => {
  interface DoorEvent {
    readonly type: 'door.opened' | 'door.closed';
  }
  const counter: EventCounter<DoorEvent> = {
    name: 'doors_total',
    help: 'Doors',
    results: ['opened', 'locked'],
    resultOf: ({ type }) => (type === 'door.opened' ? 'opened' : null),
  };
  const { exposition, scrape } = setUpExposition({ counters: [counter] });
  for (const type of ['door.opened', 'door.closed', 'door.opened']) exposition.observe({ type, atMs: 0 } as never);
  const { samples } = await scrape();
  expect(samples).toMatchObject({
    'vault_swarm_plugin_doors_total{result="opened"}': 2,
    'vault_swarm_plugin_doors_total{result="locked"}': 0,
  });
});
