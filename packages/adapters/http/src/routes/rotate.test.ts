import { request } from 'node:http';
import {
  type ManualRotation,
  type RotateRequest,
  RotationRejected,
  type RotationRejection,
} from '@vault-swarm/rotation';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AskOptions, type Fixture, startFixture } from '../testing/monitoring-fixture.ts';

const open: Fixture[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

const JSON_BODY = { 'Content-Type': 'application/json' };
const PATH = '/api/v1/rotate';

async function start(
  rotate: ManualRotation['rotate'] = async () => [],
  ...[config = {}, clock = {}]: [
    config?: Parameters<typeof startFixture>[0],
    clock?: Parameters<typeof startFixture>[2],
  ]
) {
  const fixture = await startFixture(config, { manualRotation: { rotate, preview: async () => [] } }, clock);
  open.push(fixture);
  const post = async (body: unknown, { headers = {}, ...options }: AskOptions = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fixture.ask(PATH, {
      method: 'POST',
      headers: { ...JSON_BODY, ...headers },
      body: text,
      ...options,
    });
    return { ...answer, json: JSON.parse(answer.body) };
  };
  return { ...fixture, post };
}

describe('a manual request', () => {
  test.each([
    [{ secret: 'db-password' }, { kind: 'secret', name: 'db-password' }],
    [{ service: 'web' }, { kind: 'service', name: 'web' }],
    [
      { service: 'web', force: true },
      { kind: 'service', name: 'web', force: true },
    ],
    [
      { secret: 'db-password', force: false },
      { kind: 'secret', name: 'db-password' },
    ],
    [{ quarantined: true }, { kind: 'quarantined' }],
  ] as const)('%j is passed on, and answered with what becomes of each service', async (body, expected) => {
    const asked: RotateRequest[] = [];
    const { post } = await start(async (wanted) => {
      asked.push(wanted);
      return [{ name: 'web', secrets: ['db-password'], outcome: 'scheduled' }];
    });
    const { status, headers, json } = await post(body, {
      headers: { 'Content-Type': 'Application/JSON; charset=utf-8' },
    });
    expect(status).toBe(202);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(json).toEqual({ services: [{ name: 'web', secrets: ['db-password'], outcome: 'scheduled' }] });
    expect(asked).toEqual([expected]);
  });

  test.each([
    '',
    '{',
    'null',
    '"web"',
    '[]',
    '{}',
    '{"secret": ""}',
    '{"secret": 1}',
    '{"secret": ["a"]}',
    '{"quarantined": false}',
    '{"quarantined": "true"}',
    '{"secret": "a", "service": "b"}',
    '{"secret": "a", "force": "true"}',
    '{"quarantined": true, "force": true}',
    '{"secret": "a", "at_once": true}',
    '{"__proto__": "a"}',
  ])('%s is refused with what to send', async (body) => {
    const rotate = vi.fn(async () => []);
    const { post } = await start(rotate);
    const { status, headers, json } = await post(body);
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json.detail).toContain('Send one of {"secret": "NAME"}, {"service": "NAME"} and {"quarantined": true}');
    expect(rotate).not.toHaveBeenCalled();
  });

  test('of 4 KiB is read, and a longer one refused', async () => {
    const { post } = await start();
    const ofLength = (length: number) => JSON.stringify({ secret: 'x'.repeat(length - '{"secret":""}'.length) });
    expect((await post(ofLength(4096))).status).toBe(202);
    const { status, json } = await post(ofLength(4097));
    expect([status, json.detail]).toEqual([400, expect.stringMatching(/^The body is over 4 KiB\. Send one of/)]);
  });

  test.each(['', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/form-data'])(
    'of type "%s" is refused, as a form of another site may send it',
    async (type) => {
      const rotate = vi.fn(async () => []);
      const { post } = await start(rotate);
      const { status, json } = await post({ quarantined: true }, { headers: { 'Content-Type': type } });
      expect([status, json.detail]).toEqual([415, 'Send the header "Content-Type: application/json".']);
      expect(rotate).not.toHaveBeenCalled();
    },
  );

  test('that is compressed, or in another encoding than UTF-8, is refused', async () => {
    const { post } = await start();
    expect((await post({ quarantined: true }, { headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415);
    const type = 'application/json; charset=latin1';
    expect((await post({ quarantined: true }, { headers: { 'Content-Type': type } })).status).toBe(415);
  });

  test.each([
    ['UNKNOWN', 404, undefined],
    ['DISABLED', 409, undefined],
    ['TOO_MANY_SERVICES', 422, undefined],
    ['UNAVAILABLE', 503, '5'],
  ] as [RotationRejection, number, string | undefined][])(
    'that is refused as %s is %i',
    async (code, status, retryAfter) => {
      const { post } = await start(async () => {
        throw new RotationRejected(code, `because of ${code}`);
      });
      const answer = await post({ service: 'web' });
      expect(answer.status).toBe(status);
      expect(answer.headers['retry-after']).toBe(retryAfter);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.json).toMatchObject({ status, detail: `because of ${code}` });
    },
  );

  test('that fails gets status 500 without the reason, which is logged', async () => {
    const { post, emitted } = await start(async () => {
      throw new Error('a fault of ours');
    });
    const { status, body } = await post({ service: 'web' });
    expect(status).toBe(500);
    expect(body).not.toContain('fault');
    expect(emitted).toMatchObject([{ type: 'monitoring.failed', message: expect.stringContaining('a fault of ours') }]);
  });

  test('that is not answered within 20 s is 503, and is cut off', async () => {
    const signals: AbortSignal[] = [];
    const timers: { delayMs: number; run: () => void }[] = [];
    const after = (delayMs: number, run: () => void) => {
      timers.push({ delayMs, run });
      return () => {};
    };
    const hang: ManualRotation['rotate'] = (_wanted, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { post } = await start(hang, {}, { after });
    const answer = post({ service: 'web' });
    await expect.poll(() => timers).toHaveLength(1);
    expect(timers[0]?.delayMs).toBe(20_000);
    timers[0]?.run();
    const { status, headers } = await answer;
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(signals[0]?.aborted).toBe(true);
  });

  test('is aborted when its client disconnects', async () => {
    const signals: AbortSignal[] = [];
    const hang: ManualRotation['rotate'] = (_wanted, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { server, emitted } = await start(hang);
    const sent = request(`${server.address}${PATH}`, { method: 'POST', headers: JSON_BODY, agent: false });
    sent.on('error', () => {}).end('{"quarantined": true}');
    await expect.poll(() => signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(false);
    sent.destroy();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    expect(emitted).toEqual([]);
  });
});

test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused with what is allowed', async (method) => {
  const { ask } = await start();
  const { status, headers } = await ask(PATH, { method });
  expect([status, headers.allow]).toEqual([405, 'POST']);
});

describe('the clients that may rotate', () => {
  test('are clients with the token, if one is needed', async () => {
    const rotate = vi.fn(async () => []);
    const { post } = await start(rotate, { token: 'correct' });
    expect((await post({ quarantined: true })).status).toBe(401);
    expect((await post({ quarantined: true }, { headers: { Authorization: 'Bearer wrong' } })).status).toBe(401);
    expect(rotate).not.toHaveBeenCalled();
    expect((await post({ quarantined: true }, { headers: { Authorization: 'Bearer correct' } })).status).toBe(202);
  });

  test.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://plugin.example:81', Host: 'plugin.example' },
    { Origin: 'http://plugin.example.evil', Host: 'plugin.example' },
    { Origin: 'http://plugin.example', Host: '' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://evil.example' },
  ])('is not a page of another site: %j', async (headers) => {
    const rotate = vi.fn(async () => []);
    const { post } = await start(rotate, { allowAnonymous: true, allowedHosts: ['plugin.example'] });
    const { status, json } = await post({ quarantined: true }, { headers });
    expect([status, json.detail]).toEqual([403, 'This request comes from a page of another site and is rejected.']);
    expect(rotate).not.toHaveBeenCalled();
  });

  test.each([
    {},
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': 'same-origin' },
    { Origin: 'http://plugin.example', Host: 'plugin.example:80' },
    { Origin: 'https://Plugin.example', Host: 'plugin.example:443' },
    { Origin: 'http://[::1]:8080', Host: '[::1]:8080', 'Sec-Fetch-Site': 'same-origin' },
  ])('is a program, or a page of our own: %j', async (headers) => {
    const { post } = await start(undefined, { allowAnonymous: true, allowedHosts: ['plugin.example'] });
    expect((await post({ quarantined: true }, { headers: { ...headers } })).status).toBe(202);
  });
});

describe('more than 10 requests in a minute', () => {
  test('are refused before they are read, with when to try again, and slow nothing else', async () => {
    const rotate = vi.fn(async () => []);
    const { post, ask } = await start(rotate);
    for (let sent = 0; sent < 10; sent++) expect((await post({ quarantined: true })).status).toBe(202);
    const { status, headers, json } = await post('no JSON at all');
    expect([status, json.status]).toEqual([429, 429]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(rotate).toHaveBeenCalledTimes(10);
    for (const path of ['/health', '/metrics', '/api/metrics', '/api/v1/services']) {
      const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await ask(path)).status));
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
  });

  test('can not be exhausted by clients without access', async () => {
    const { post } = await start(undefined, { token: 'correct' });
    const signedIn = { Authorization: 'Bearer correct' };
    for (let sent = 0; sent < 20; sent++) {
      expect((await post({ quarantined: true })).status).toBe(401);
      expect((await post('', { headers: { ...signedIn, 'Sec-Fetch-Site': 'cross-site' } })).status).toBe(403);
      expect((await post('', { headers: { ...signedIn, 'Content-Type': 'text/plain' } })).status).toBe(415);
    }
    expect((await post({ quarantined: true }, { headers: signedIn })).status).toBe(202);
  });
});
