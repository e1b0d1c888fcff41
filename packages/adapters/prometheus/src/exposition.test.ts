import type { Figures } from '@vault-swarm/metrics';
import { describe, expect, test } from 'vitest';
import { createPrometheusExposition } from './exposition.ts';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0';

const nothingYet: Figures = {
  runtime: {
    operationsInFlight: 0,
    allocBytes: 0,
    sysBytes: 0,
    heapBytes: 0,
    gcCycles: 0,
    gcPauseTotalMs: 0,
    lastGcAtMs: null,
    eventLoopLagMs: 0,
  },
  rotations: 0,
  rotationErrors: 0,
  tickerHealthy: true,
  heartbeatAtMs: null,
  startedAtMs: 1_700_000_000_000,
  uptimeMs: 0,
};

const later: Figures = {
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

/** Reads an exposition strictly: each line is a HELP, a TYPE, or a sample of the family that was declared last. */
function parse(text: string) {
  const types: Record<string, string> = {};
  const samples: Record<string, number> = {};
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const [, help] = /^# HELP ([a-z_]+) [^"\\]+$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    const [, sample, value] = /^([a-z_]+(?:\{(?:[a-z]+="[^"\\]*",?)+\})?) (\S+)$/.exec(line) ?? [];
    if (help !== undefined) family = help;
    else if (typed !== undefined && typed === family) types[typed] = type ?? '';
    else if (sample?.startsWith(family) && !(sample in samples)) samples[sample] = Number(value);
    else throw new Error(`unexpected line: ${line}`);
  }
  return { types, samples };
}

function setUp() {
  const state = { figures: nothingYet, held: { values: 0, bytes: 0, evicted: 0 } };
  const exposition = createPrometheusExposition({
    providers: ['vault', 'file'],
    figures: () => state.figures,
    held: () => state.held,
  });
  return { state, exposition, scrape: async (accept?: string) => parse(await exposition.render(accept)) };
}

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
    const { state, scrape } = setUp();
    expect((await scrape(accept)).samples).toMatchObject(AT_FIRST);
    state.figures = later;
    expect((await scrape(accept)).samples).toMatchObject(LATER);
  });

  test('the promised metrics have no label but type, and no other series', async () => {
    const { samples } = await setUp().scrape(accept);
    const promised = Object.keys(AT_FIRST).map((name) => name.replace(/\{.*/, ''));
    const found = Object.keys(samples).filter((name) => promised.includes(name.replace(/\{.*/, '')));
    expect(found.sort()).toEqual(Object.keys(AT_FIRST).sort());
  });

  test('series come from configuration and code only, never from what an event names', async () => {
    const { exposition, scrape } = setUp();
    const before = Object.keys((await scrape(accept)).samples);
    const secret = { secret: 'db', service: 'web', task: 'abc', durationMs: 3 };
    exposition.observe({ type: 'secret.delivered', ...secret, provider: 'vault', revision: '1', source: 'memory' });
    exposition.observe({ type: 'secret.refused', ...secret, provider: 'x', code: 'NOT_FOUND', message: 'none' });
    exposition.observe({ type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'sealed' });
    exposition.observe({
      type: 'rollout.completed',
      service: 'web',
      secrets: ['db'],
      generation: 1,
      durationMs: 7_000,
    });
    exposition.observe({ type: 'docker.failed', operation: 'observe', message: 'gone' });
    const { samples } = await scrape(accept);
    expect(Object.keys(samples)).toEqual(before);
    expect(samples).toMatchObject({
      'vault_swarm_plugin_getsecret_duration_seconds_bucket{le="0.005",outcome="memory"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="memory"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="refused"}': 1,
      'vault_swarm_plugin_getsecret_duration_seconds_count{outcome="stale"}': 0,
      'vault_swarm_plugin_provider_errors_total{provider="vault",code="UNAVAILABLE"}': 1,
      'vault_swarm_plugin_provider_errors_total{provider="file",code="NOT_FOUND"}': 0,
      vault_swarm_plugin_rollout_duration_seconds_sum: 7,
      vault_swarm_plugin_docker_errors_total: 1,
    });
    exposition.observe({ type: 'provider.failed', provider: 'unheard-of', code: 'UNAVAILABLE', message: '' });
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_provider_errors_total{provider="other",code="UNAVAILABLE"}': 1,
    });
  });
});

describe('the two formats', () => {
  test('declare a counter under its full name in plain text, and without _total in OpenMetrics', async () => {
    const { scrape } = setUp();
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
    const { exposition } = setUp();
    const first = [await exposition.render(undefined), await exposition.render(OPEN_METRICS)];
    const again = [await exposition.render(undefined), await exposition.render(OPEN_METRICS)];
    expect(again).toEqual(first);
  });

  test('end as each format must, and say what they are', async () => {
    const { exposition } = setUp();
    expect(await exposition.render(undefined)).toMatch(/[^\n]\n$/);
    expect(await exposition.render(undefined)).not.toContain('# EOF');
    expect(await exposition.render(OPEN_METRICS)).toMatch(/\n# EOF\n$/);
    expect(exposition.contentType(undefined)).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(exposition.contentType(OPEN_METRICS)).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });
});

test('shows how full the memory is, and counts what was dropped from it, in both formats', async () => {
  const { state, scrape } = setUp();
  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    state.held = { values: 3, bytes: 30, evicted: 2 };
    await scrape(accept);
    state.held = { values: 2, bytes: 20, evicted: 5 };
    expect((await scrape(accept)).samples).toMatchObject({
      vault_swarm_plugin_held_values: 2,
      vault_swarm_plugin_held_values_bytes: 20,
      vault_swarm_plugin_evicted_values_total: 5,
    });
  }
});
