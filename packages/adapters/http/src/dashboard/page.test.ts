import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Fixture,
  figures,
  HOSTILE_NAME,
  NOW_MS,
  SET_ASIDE,
  startFixture,
  status,
} from '../testing/monitoring-fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.server.close());

const textOf = (page: string) =>
  page
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

describe('the dashboard', () => {
  test('shows health in words, figures, services, secrets and events', async () => {
    const { headers, body } = await fixture.ask('/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const text = textOf(body);
    expect(text).toContain('vault-secrets-plugin 1.2.3');
    expect(text).toContain('All is well');
    expect(text).toContain('This node leads the Swarm and rolls its services. The Swarm was last looked at 2 s ago.');
    expect(text).toContain('Rotations 42');
    expect(text).toContain('4.76 % of rotations');
    expect(text).toContain('Memory 45.5 MiB');
    expect(text).toContain('Uptime 1 h');
    expect(text).toContain('web db-password 3 2 tasks rolling generation 8, for 9 s none none yet none');
    expect(text).toContain('db-password vault vault secret/app/db#password 7 1 min ago web');
    expect(text).toContain('9 s ago rollout.started service web is rolling to generation 8 for secret db-password');
  });

  test('escapes every name, and has no script or style but its own files', async () => {
    const { body } = await fixture.ask('/');
    expect(body).not.toContain(HOSTILE_NAME);
    expect(body).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(body.match(/<script\b[^>]*>/g)).toEqual(['<script src="assets/dashboard.js" defer>']);
    expect(body).not.toMatch(/\sstyle=|<style|\son[a-z]+=|https?:\/\//);
  });

  test('carries its own time, for its script to count from, and refreshes without a script too', async () => {
    const { body } = await fixture.ask('/');
    expect(body).toContain(`<main id="live" data-now="${new Date(NOW_MS).toISOString()}">`);
    expect(body).toContain('<noscript><meta http-equiv="refresh" content="30"></noscript>');
  });

  test('puts what is wrong first, in full', async () => {
    const summary = 'A secret has no value to deliver';
    const [secret] = status.secrets;
    if (secret === undefined) throw new Error('the fixture has a secret');
    const broken = { ...secret, name: 'zz-broken', revision: null, problem: 'not found' };
    const { server, ask } = await startFixture(
      {},
      {
        problems: () => [{ summary, detail: `${summary}: zz-broken: not found` }],
        status: () => ({ ...status, secrets: [...status.secrets, broken] }),
      },
    );
    const text = textOf((await ask('/')).body);
    expect(text).toContain('Working, with 1 problem');
    expect(text).toContain(`${summary}: zz-broken: not found`);
    expect(text.indexOf('zz-broken vault')).toBeLessThan(text.indexOf('db-password vault'));
    await server.close();
  });

  test('shows what was set aside and why, and a rollout that brings the last good values back', async () => {
    const services = status.services.map((service) => ({
      ...service,
      rollout: service.rollout && { ...service.rollout, direction: 'back' as const },
      setAside: SET_ASIDE,
    }));
    const { server, ask } = await startFixture({}, { status: () => ({ ...status, services }) });
    const { body } = await ask('/');
    expect(textOf(body)).toContain(
      'rolling back to the last good values generation 8, for 9 s ' +
        'db-password, &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; for 3 min task: non-zero exit (1) none yet none',
    );
    expect(body).not.toContain(HOSTILE_NAME);
    await server.close();
  });

  test('says that the rotation has stopped, and what is known before Docker answered', async () => {
    const { server, ask } = await startFixture(
      {},
      {
        figures: () => ({ ...figures, tickerHealthy: false, heartbeatAtMs: null }),
        status: () => ({ ...status, role: null, observedAtMs: null, secrets: [], services: [] }),
        recentEvents: { list: () => [], subscribe: () => () => {} },
      },
    );
    const text = textOf((await ask('/')).body);
    expect(text).toContain('The rotation has stopped');
    expect(text).toContain('Docker has not answered yet.');
    expect(text).toContain('Heartbeat none yet the ticker has stopped');
    expect(text).toContain('No service uses a secret of this driver yet.');
    expect(text).toContain('Nothing has happened yet.');
    await server.close();
  });

  test('says that rotation is switched off', async () => {
    const { server, ask } = await startFixture({}, { status: () => ({ ...status, enabled: false }) });
    expect(textOf((await ask('/')).body)).toContain('Secrets are served; rotation is switched off.');
    await server.close();
  });
});
