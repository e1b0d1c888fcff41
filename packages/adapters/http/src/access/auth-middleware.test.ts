import { problem } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fixture, startFixture } from '../testing/monitoring-fixture.ts';

const TOKEN = 'correct-horse-battery-staple';
const summary = 'A secret has no value to deliver';
const problems = () => [{ ...problem('SECRET_UNDELIVERABLE', 'db-password: not found'), sinceMs: 0 }];
const PATHS = [
  '/',
  '/readyz',
  '/metrics',
  '/api/metrics',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/events',
  '/assets/index-Cd34Ef56.css',
  '/nothing',
  '/Health',
  '/health/',
];

describe('with a token', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture({ token: TOKEN }, { problems });
  });
  afterEach(() => fixture.server.close());

  test.each(PATHS)('%s needs it', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const without = await fixture.ask(path, { method });
      expect(without.status).toBe(401);
      expect(without.headers['www-authenticate']).toBe('Bearer realm="vault-swarm-plugin"');
      expect(without.body).not.toContain('db-password');
    }
    const wrong = await fixture.ask(path, { headers: { Authorization: 'Bearer wrong' } });
    expect(wrong.status).toBe(401);
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="vault-swarm-plugin", error="invalid_token"');
    const right = await fixture.ask(path, { headers: { Authorization: `Bearer ${TOKEN}` } });
    expect([200, 404]).toContain(right.status);
  });

  test('a browser gets the page to sign in, and what that loads is open to everybody', async () => {
    const { headers, body } = await fixture.ask('/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const [, asset = ''] = /href="\.(.*?)"/.exec(body) ?? [];
    const { status, body: style } = await fixture.ask(asset);
    expect(status).toBe(200);
    expect(style).toContain('sign in here');
  });

  test('health needs no token, but shows names in its problems only with one', async () => {
    const problemsFor = async (headers: Record<string, string>) => {
      const { status, body } = await fixture.ask('/health', { headers });
      return [status, JSON.parse(body).problems];
    };
    expect(await problemsFor({})).toEqual([200, [summary]]);
    expect(await problemsFor({ Authorization: 'Bearer wrong' })).toEqual([200, [summary]]);
    expect(await problemsFor({ Authorization: `Bearer ${TOKEN}` })).toEqual([
      200,
      [expect.stringContaining(`${summary}: db-password: not found. `)],
    ]);
  });

  test('liveness is open', async () => {
    expect((await fixture.ask('/livez')).status).toBe(200);
  });

  test('any host is answered', async () => {
    const headers = { Authorization: `Bearer ${TOKEN}`, Host: 'plugin.example' };
    expect((await fixture.ask('/metrics', { headers })).status).toBe(200);
  });
});

describe('without a token', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture({}, { problems });
  });
  afterEach(() => fixture.server.close());

  test.each([...PATHS, '/livez'])('%s is refused under a name that is not of this machine', async (path) => {
    const { status, headers, body } = await fixture.ask(path, { headers: { Host: 'rebound.example:8080' } });
    expect(status).toBe(403);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body).detail).toMatch(
      /^Without a token, requests must use the names localhost, 127.0.0.1 or \[::1\]/,
    );
  });

  test.each(['localhost:1234', '127.0.0.1', '[::1]:8080'])('%s is answered', async (host) => {
    expect((await fixture.ask('/', { headers: { Host: host } })).status).toBe(200);
  });

  test('health is answered under any name, and names nothing', async () => {
    const { status, body } = await fixture.ask('/health', { headers: { Host: 'rebound.example' } });
    expect(status).toBe(200);
    expect(JSON.parse(body).problems).toEqual([summary]);
  });

  test('if the operator allows everybody, the listed hosts are answered, and a rebound name asks for no rotation', async () => {
    const { server, ask } = await startFixture({ allowAnonymous: true, allowedHosts: ['plugin.example'] });
    expect((await ask('/api/v1/secrets', { headers: { Host: 'plugin.example:8080' } })).status).toBe(200);
    const headers = { Host: 'rebound.example', Origin: 'http://rebound.example', 'Content-Type': 'application/json' };
    const { status, body } = await ask('/api/v1/rotate', { method: 'POST', headers, body: '{"secret":"db-password"}' });
    expect([status, JSON.parse(body).detail]).toEqual([403, expect.stringContaining('MONITORING_ALLOWED_HOSTS')]);
    await server.close();
  });
});
