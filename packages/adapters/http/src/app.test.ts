import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, figures, HOSTILE_NAME, QUARANTINE, startFixture, status } from './testing/monitoring-fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.server.close());

const EVERY_PATH = [
  '/',
  '/health',
  '/livez',
  '/readyz',
  '/metrics',
  '/api/metrics',
  '/api/v1/overview',
  '/api/v1/history',
  '/api/v1/plan',
  '/api/v1/openapi.json',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/events',
  '/assets/index-Cd34Ef56.css',
  '/assets/icon-Ab12_x-9.svg',
];

describe.each(EVERY_PATH)('%s', (path) => {
  test('answers GET and HEAD alike, the second without the body', async () => {
    const [get, head] = await Promise.all([fixture.ask(path), fixture.ask(path, { method: 'HEAD' })]);
    expect([get.status, head.status]).toEqual([200, 200]);
    expect(get.body).not.toBe('');
    expect(head.body).toBe('');
    for (const name of ['content-type', 'content-length', 'content-security-policy', 'cache-control']) {
      expect(head.headers[name]).toBe(get.headers[name]);
    }
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s', async (method) => {
    const { status, headers, body } = await fixture.ask(path, { method });
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
    expect(JSON.parse(body)).toMatchObject({ status: 405, title: 'Method Not Allowed' });
  });

  test('can not be cached or framed, and does not reveal the server software', async () => {
    const { headers } = await fixture.ask(path);
    // What has its content's hash in its name never changes.
    expect(headers['cache-control']).toBe(
      path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store',
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['content-security-policy']).toMatch(/default-src 'none';.*frame-ancestors 'none'/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(x-powered-by|server)$/)]),
    );
  });
});

test.each([
  '/nothing',
  '/Health',
  '/health/',
  '//health',
  '/metrics/',
  '/assets/',
  '/assets/../package.json',
  '/api/v1',
  '/%',
])('%s is not found, and says so as problem details', async (path) => {
  const { status, headers, body } = await fixture.ask(path);
  expect(status).toBe(404);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(body)).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: 'This path does not exist.',
  });
});

describe('health', () => {
  test('is exactly the promised JSON', async () => {
    const { headers, body } = await fixture.ask('/health');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toStrictEqual({
      healthy: true,
      uptime_seconds: 3600,
      goroutines: 12,
      memory_usage_mb: 46,
      total_rotations: 42,
      rotation_errors: 2,
      error_rate: 4.76,
      ticker_healthy: true,
      problems: [],
    });
  });

  test('is 503 when the ticker has stopped', async () => {
    const { server, ask } = await startFixture({}, { figures: () => ({ ...figures, tickerHealthy: false }) });
    const { status, body } = await ask('/health');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ healthy: false, ticker_healthy: false });
    await server.close();
  });
});

test('metrics are the promised JSON', async () => {
  const { body } = await fixture.ask('/metrics');
  expect(JSON.parse(body)).toStrictEqual({
    num_goroutines: 12,
    mem_alloc_bytes: 47_710_208,
    mem_sys_bytes: 90_000_000,
    mem_heap_bytes: 60_000_000,
    gc_cycles: 7,
    gc_pause_total_ms: 12.5,
    gc_last: null,
    secret_rotations: 42,
    rotation_errors: 2,
    ticker_heartbeat: '2026-03-01T11:59:55.000Z',
    monitoring_start_time: '2026-03-01T11:00:00.000Z',
  });
});

test('the exposition is passed on with exactly the type that was chosen by Accept', async () => {
  const { headers, body } = await fixture.ask('/api/metrics', { headers: { Accept: 'x/y' } });
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; for=x/y');
  expect(headers.vary).toBe('Accept');
  expect(body).toBe('up 1\n');
});

test('liveness and readiness are 503 until the socket is served and all have answered', async () => {
  const { server, ask } = await startFixture({}, { live: () => false, waitingFor: () => ['Docker', 'a provider'] });
  const [live, ready] = await Promise.all([ask('/livez'), ask('/readyz')]);
  expect([live.status, JSON.parse(live.body)]).toEqual([503, { live: false }]);
  expect([ready.status, JSON.parse(ready.body)]).toEqual([
    503,
    { ready: false, waiting_for: ['Docker', 'a provider'] },
  ]);
  await server.close();
});

describe('the JSON for programs', () => {
  test('has the secrets', async () => {
    const { body } = await fixture.ask('/api/v1/secrets');
    expect(JSON.parse(body)).toEqual({
      observed_at: '2026-03-01T11:59:58.000Z',
      role: 'leader',
      rotation_enabled: true,
      total: 1,
      next_cursor: null,
      secrets: [
        {
          name: 'db-password',
          provider: 'vault',
          ref: 'vault secret/app/db#password',
          rotate: 'auto',
          pinned: false,
          revision: '7',
          revision_name: '7',
          changed_at: '2026-03-01T11:59:00.000Z',
          services: ['web', HOSTILE_NAME],
          problem: null,
        },
      ],
    });
  });

  test('has the services', async () => {
    const { body } = await fixture.ask('/api/v1/services');
    expect(JSON.parse(body)).toMatchObject({
      role: 'leader',
      services: [
        {
          id: 'svc1',
          name: 'web',
          secrets: ['db-password'],
          running_tasks: 3,
          outdated_tasks: 2,
          rollout: {
            generation: 8,
            secrets: ['db-password'],
            started_at: '2026-03-01T11:59:51.000Z',
            direction: 'forward',
            state: 'rolling',
          },
          quarantined: null,
          last_rotation_at: null,
          waiting_reason: null,
          problem: null,
        },
      ],
    });
  });

  test('has the quarantined values, and why', async () => {
    const services = status.services.map((service) => ({ ...service, quarantine: QUARANTINE }));
    const { server, ask } = await startFixture({}, { status: () => ({ ...status, services }) });
    expect(JSON.parse((await ask('/api/v1/services')).body).services[0].quarantined).toEqual({
      secrets: ['db-password', HOSTILE_NAME],
      since: '2026-03-01T11:57:00.000Z',
      reason: 'exit code 1',
    });
    await server.close();
  });

  test('has the events that matter, the newest first, and all of them when asked', async () => {
    const types = async (query: string) =>
      JSON.parse((await fixture.ask(`/api/v1/events${query}`)).body).events.map(
        ({ event }: { event: string }) => event,
      );
    expect(await types('')).toEqual(['provider.failed', 'rollout.started']);
    expect(await types('?level=debug')).toEqual(['provider.failed', 'reconcile.completed', 'rollout.started']);
    expect(await types('?level=error')).toEqual(['provider.failed']);
    expect((await fixture.ask('/api/v1/events?level=all')).status).toBe(400);
    expect((await fixture.ask('/api/v1/events?level=info&level=warn')).status).toBe(400);
  });
});

test('a failed request gets status 500 without the reason, which is logged', async () => {
  const { server, ask, emitted } = await startFixture(
    {},
    { prometheus: { contentType: () => 'text/plain', render: () => Promise.reject(new Error('no registry')) } },
  );
  const { status, body } = await ask('/api/metrics');
  expect(status).toBe(500);
  expect(body).not.toContain('no registry');
  expect(emitted).toEqual([
    { type: 'monitoring.failed', message: 'GET /api/metrics could not be answered: no registry' },
  ]);
  await server.close();
});

test('the overview has the warnings about settings, with their codes', async () => {
  const warnings = [{ code: 'plain-http', variable: 'VAULT_ADDR', message: 'is http://vault:8200' }] as const;
  const { server, ask } = await startFixture({}, { warnings });
  expect(JSON.parse((await ask('/api/v1/overview')).body).warnings).toEqual(warnings);
  await server.close();
});
