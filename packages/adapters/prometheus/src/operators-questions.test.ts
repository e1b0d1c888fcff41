import { problem } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { OTHERS } from './bounded-gauge.ts';
import { nothingSeen, nothingYet, secret, service, setUpExposition, unused } from './testing/sources.ts';

const NOW_MS = 1_700_000_000_000;
const AS_OPEN_METRICS = 'application/openmetrics-text';
const rollout = {
  generation: 1,
  secrets: ['db'],
  cause: [],
  startedAtMs: NOW_MS,
  tasksDone: 0,
  tasksTotal: 2,
} as const;

describe.each([
  ['plain text', undefined],
  ['OpenMetrics', AS_OPEN_METRICS],
])('as %s', (_format, accept) => {
  test('of each secret: how old its newest revision is, and whether there is a problem', async () => {
    const { sources, scrape } = setUpExposition();
    const secrets = [
      secret('db', { changedAtMs: NOW_MS + 500 }),
      secret('api', { problem: { code: 'NOT_FOUND', message: 'there is no app/api' }, changedAtMs: null }),
    ];
    sources.status = { ...nothingSeen, secrets };
    const { samples } = await scrape(accept);
    expect(samples).toMatchObject({
      'vault_swarm_plugin_secret_revision_timestamp_seconds{secret="db"}': 1_700_000_000.5,
      'vault_swarm_plugin_secret_problem{secret="db"}': 0,
      'vault_swarm_plugin_secret_problem{secret="api"}': 1,
    });
    expect(samples).not.toHaveProperty(['vault_swarm_plugin_secret_revision_timestamp_seconds{secret="api"}']);
  });

  test('of each service: tasks, those with an old revision, what is quarantined, and what does not proceed', async () => {
    const { sources, scrape } = setUpExposition();
    const quarantine = { secrets: ['db', 'api'], sinceMs: 1, reason: 'exit (1)' };
    sources.status = {
      ...nothingSeen,
      role: 'leader',
      observedAtMs: NOW_MS,
      services: [
        service('web', { outdatedTasks: 1, rollout: { ...rollout, direction: 'forward', state: 'rolling' } }),
        service('api', {
          quarantine,
          problem: { code: 'ROTATION_BLOCKED', message: 'paused' },
          rollout: { ...rollout, direction: 'rollback', state: 'failed' },
        }),
      ],
      problems: [problem('ROTATION_BLOCKED', 'api')],
    };
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_service_running_tasks{service="web"}': 2,
      'vault_swarm_plugin_service_outdated_tasks{service="web"}': 1,
      'vault_swarm_plugin_service_outdated_tasks{service="api"}': 0,
      'vault_swarm_plugin_service_quarantined_secrets{service="api"}': 2,
      'vault_swarm_plugin_service_problem{service="api"}': 1,
      'vault_swarm_plugin_open_rollouts{state="rolling"}': 1,
      'vault_swarm_plugin_open_rollouts{state="failed"}': 1,
      'vault_swarm_plugin_open_rollouts{state="stuck"}': 0,
      vault_swarm_plugin_leader: 1,
      vault_swarm_plugin_problems: 1,
      vault_swarm_plugin_last_observation_timestamp_seconds: 1_700_000_000,
    });
  });

  test('of each provider: how many requests a month has, and what they cost if money is taken', async () => {
    const { scrape } = setUpExposition({
      costs: new Map([
        ['aws', { requests: 262_800, dollars: 1.314 }],
        ['vault', { requests: 2_628_000, dollars: null }],
      ]),
    });
    const { samples } = await scrape(accept);
    expect(samples).toMatchObject({
      'vault_swarm_plugin_provider_cost_dollars_per_month{provider="aws"}': 1.314,
      'vault_swarm_plugin_provider_requests_per_month{provider="aws"}': 262_800,
      'vault_swarm_plugin_provider_requests_per_month{provider="vault"}': 2_628_000,
    });
    expect(samples).not.toHaveProperty(['vault_swarm_plugin_provider_cost_dollars_per_month{provider="vault"}']);
  });

  test('what is gone has no series any more', async () => {
    const { sources, scrape } = setUpExposition({
      status: { ...nothingSeen, secrets: [secret('db')], services: [service('web')] },
      providers: [{ ...unused, loginExpiresAtMs: NOW_MS }],
    });
    expect(Object.keys((await scrape(accept)).samples).join()).toMatch(/"db".*"web"/);
    sources.status = nothingSeen;
    sources.providers = [unused];
    const after = Object.keys((await scrape(accept)).samples).join();
    expect(after).not.toMatch(/"db"|"web"|login_expiry/);
  });

  test('of each provider: its state, when it answered, when our login ends, and its requests', async () => {
    const { sources, happen, scrape } = setUpExposition();
    sources.providers = [
      {
        ...unused,
        state: 'circuit-open',
        lastAnswerAtMs: NOW_MS,
        loggedInAtMs: NOW_MS,
        loginExpiresAtMs: NOW_MS + 60_000,
      },
      { ...unused, name: 'file', state: 'ok' },
    ];
    const request = { type: 'provider.request-completed', operation: 'read', durationMs: 30 } as const;
    happen({ ...request, provider: 'vault', outcome: 'ok' });
    happen({ ...request, provider: 'vault', outcome: 'UNAVAILABLE' });
    happen({ ...request, provider: 'unheard-of', outcome: 'ok' });
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_provider_up{provider="vault"}': 0,
      'vault_swarm_plugin_provider_up{provider="file"}': 1,
      'vault_swarm_plugin_provider_circuit_breaker_open{provider="vault"}': 1,
      'vault_swarm_plugin_provider_last_answer_timestamp_seconds{provider="vault"}': 1_700_000_000,
      'vault_swarm_plugin_provider_login_timestamp_seconds{provider="vault"}': 1_700_000_000,
      'vault_swarm_plugin_provider_login_expiry_timestamp_seconds{provider="vault"}': 1_700_000_060,
      'vault_swarm_plugin_provider_requests_total{provider="vault",operation="read",outcome="ok"}': 1,
      'vault_swarm_plugin_provider_requests_total{provider="vault",operation="read",outcome="UNAVAILABLE"}': 1,
      'vault_swarm_plugin_provider_requests_total{provider="other",operation="read",outcome="ok"}': 1,
      'vault_swarm_plugin_provider_request_duration_seconds_count{provider="vault",operation="read"}': 2,
    });
  });

  test('how rollouts ended, what was quarantined, and how long a change took from the provider to the last task', async () => {
    const { happen, scrape } = setUpExposition();
    const names = { service: 'web', secrets: ['db', 'api'] };
    const change = {
      type: 'revision.changed',
      provider: 'vault',
      previous: '1',
      revision: '2',
      valueChanged: true,
    } as const;
    happen({ ...change, secrets: ['db'], createdAtMs: NOW_MS - 4_000 }, NOW_MS);
    happen({ ...change, secrets: ['api'], createdAtMs: NOW_MS + 9_000 }, NOW_MS);
    happen({ type: 'rollout.completed', ...names, generation: 1, durationMs: 3_000 });
    happen({ type: 'rollout.completed', ...names, secrets: ['unseen'], generation: 1, durationMs: 2_000 });
    happen({ type: 'rollout.failed', ...names, reason: 'paused', message: '' });
    happen({ type: 'quarantine.started', ...names, message: '' });
    happen({ type: 'rollback.completed', ...names, generation: 2, durationMs: 1 });
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_rollouts_total{result="completed"}': 2,
      'vault_swarm_plugin_rollouts_total{result="paused"}': 1,
      'vault_swarm_plugin_rollouts_total{result="stuck"}': 0,
      'vault_swarm_plugin_rollouts_total{result="rollback-completed"}': 1,
      vault_swarm_plugin_quarantines_total: 1,
      vault_swarm_plugin_rotation_delay_seconds_sum: 9,
      vault_swarm_plugin_rollout_duration_seconds_sum: 5,
    });
  });

  test('how the process does, and the limits that it is to be seen against', async () => {
    const { sources, happen, scrape } = setUpExposition();
    expect((await scrape(accept)).samples).toMatchObject({
      vault_swarm_plugin_orchestrator_up: 0,
      vault_swarm_plugin_ledger_bytes: 0,
    });
    sources.figures = { ...nothingYet, tickerHealthy: false, runtime: { ...nothingYet.runtime, eventLoopLagMs: 40 } };
    sources.ledger = { bytes: 1234, limitBytes: 1_500_000 };
    happen({ type: 'reconcile.completed', durationMs: 70, orchestratorAnswered: true });
    expect((await scrape(accept)).samples).toMatchObject({
      'vault_swarm_plugin_build_info{version="1.2.3"}': 1,
      vault_swarm_plugin_ticker_healthy: 0,
      vault_swarm_plugin_rotation_interval_seconds: 10,
      vault_swarm_plugin_getsecret_deadline_seconds: 2,
      vault_swarm_plugin_event_loop_lag_seconds: 0.04,
      vault_swarm_plugin_ledger_bytes: 1234,
      vault_swarm_plugin_ledger_limit_bytes: 1_500_000,
      vault_swarm_plugin_orchestrator_up: 1,
      vault_swarm_plugin_reconcile_duration_seconds_count: 1,
    });
    happen({ type: 'reconcile.completed', durationMs: 70, orchestratorAnswered: false });
    expect((await scrape(accept)).samples).toMatchObject({ vault_swarm_plugin_orchestrator_up: 0 });
  });
});

test('beyond the limit secrets and services are joined under a name that none of them can have', async () => {
  const number = 2_003;
  const { scrape } = setUpExposition({
    status: {
      ...nothingSeen,
      secrets: Array.from({ length: number }, (_, index) =>
        secret(index === 0 ? 'other' : `secret-${index}`, {
          problem: { code: 'NOT_FOUND', message: 'none' },
          changedAtMs: NOW_MS - index * 1000,
        }),
      ),
      services: Array.from({ length: number }, (_, index) => service(`service-${index}`, { outdatedTasks: 2 })),
    },
  });
  const { samples } = await scrape();
  const series = (start: string) => Object.keys(samples).filter((name) => name.startsWith(start));
  const shown = series('vault_swarm_plugin_secret_problem').length;
  const shownServices = series('vault_swarm_plugin_service_outdated_tasks').length;
  expect(shown).toBeGreaterThan(1_000);
  expect(shownServices).toBeGreaterThan(900);
  expect(samples).toMatchObject({
    'vault_swarm_plugin_secret_problem{secret="other"}': 1,
    [`vault_swarm_plugin_secret_problem{secret="${OTHERS}"}`]: number - (shown - 1),
    [`vault_swarm_plugin_secret_revision_timestamp_seconds{secret="${OTHERS}"}`]: (NOW_MS - (number - 1) * 1000) / 1000,
    [`vault_swarm_plugin_service_outdated_tasks{service="${OTHERS}"}`]: 2 * (number - (shownServices - 1)),
  });
  // Swarm's own rule for names.
  expect(OTHERS).not.toMatch(/^[a-zA-Z0-9][a-zA-Z0-9-_.]*$/);
});

test('what Swarm takes for no name has no series of its own', async () => {
  const names = ['a'.repeat(64), 'a'.repeat(65), 'a'.repeat(1_000_000), 'b\u202e', 'c\n'];
  const { scrape } = setUpExposition({
    status: { ...nothingSeen, services: names.map((name) => service(name, { outdatedTasks: 1 })) },
  });
  const { samples } = await scrape();
  const series = Object.entries(samples).filter(([name]) =>
    name.startsWith('vault_swarm_plugin_service_outdated_tasks'),
  );
  expect(series).toEqual([
    [`vault_swarm_plugin_service_outdated_tasks{service="${'a'.repeat(64)}"}`, 1],
    [`vault_swarm_plugin_service_outdated_tasks{service="${OTHERS}"}`, 4],
  ]);
});

test('an adapter that makes up operations without end does not make series without end', async () => {
  const { happen, scrape } = setUpExposition();
  for (let number = 0; number < 100; number++) {
    happen({
      type: 'provider.request-completed',
      provider: 'vault',
      operation: `o${number}`,
      outcome: 'ok',
      durationMs: 1,
    });
  }
  const { samples } = await scrape();
  const requests = Object.keys(samples).filter((name) => name.startsWith('vault_swarm_plugin_provider_requests_total'));
  expect(requests).toHaveLength(17);
  expect(samples).toMatchObject({
    'vault_swarm_plugin_provider_requests_total{provider="vault",operation="other",outcome="ok"}': 84,
  });
});
