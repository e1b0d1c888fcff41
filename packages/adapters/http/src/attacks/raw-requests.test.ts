import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Fixture, startFixture } from '../testing/monitoring-fixture.ts';
import { sendRaw, statusesOf } from '../testing/raw-request.ts';

const rotate = vi.fn(async () => []);
const manualRotation = { rotate, preview: async () => [] };
/** What only who has the token may see of the tests' plugin. */
const NAMES = /db-password|svc1|vault secret|"web"/;

let open: Fixture;
let guarded: Fixture;
beforeAll(async () => {
  open = await startFixture({}, { manualRotation });
  guarded = await startFixture({ token: 'correct', viewToken: 'look' }, { manualRotation });
});
afterAll(() => Promise.all([open.server.close(), guarded.server.close()]));

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const toOpen = (text: string | Buffer) => sendRaw(open.server.address ?? '', text);
const toGuarded = (text: string | Buffer) => sendRaw(guarded.server.address ?? '', text);

describe('a request that is not as it should be', () => {
  test.each([
    ['of HTTP/1.1 without a host', lines('GET /metrics HTTP/1.1'), [400]],
    ['of HTTP/1.0 without a host', lines('GET /metrics HTTP/1.0'), [403]],
    ['for another host in its address', lines('GET http://evil.example/metrics HTTP/1.1', 'Host: localhost'), [403]],
    ['with two hosts', lines('GET /metrics HTTP/1.1', 'Host: evil.example', 'Host: localhost'), [400]],
    ['with two hosts, ours first', lines('GET /metrics HTTP/1.1', 'Host: localhost', 'Host: evil.example'), [400]],
    [
      'from a page of the host of its header, for ours in its address',
      lines(
        'POST http://localhost/api/v1/rotate HTTP/1.1',
        'Host: evil.example',
        'Origin: http://evil.example',
        'Content-Length: 0',
      ),
      [403],
    ],
    ['with a host that hides another', lines('GET /metrics HTTP/1.1', 'Host: localhost@evil.example'), [403]],
    ['with no version', 'GET /metrics\r\n\r\n', [403]],
    ['with another protocol', lines('GET /metrics FTP/1.1', 'Host: localhost'), [400]],
    ['that is TLS', Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 0, 0, 1, 3]), [400]],
    ['with a folded header', lines('GET /metrics HTTP/1.1', 'Host: localhost', 'X: a', ' b'), [400]],
    ['with a space before the colon', lines('GET /metrics HTTP/1.1', 'Host : localhost'), [400]],
    ['with a NUL in a header', lines('GET /metrics HTTP/1.1', 'Host: localhost', 'X: a\0b'), [400]],
    ['with a line feed alone', 'GET /metrics HTTP/1.1\nHost: localhost\n\n', [400]],
    ['that asks for all', lines('OPTIONS * HTTP/1.1', 'Host: localhost', 'Connection: close'), [404]],
    ['that asks for a tunnel', lines('CONNECT evil.example:443 HTTP/1.1', 'Host: localhost'), []],
  ])('%s is refused', async (_what, text, expected) => {
    const received = await toOpen(text);
    expect(statusesOf(received)).toEqual(expected);
    expect(received).not.toMatch(NAMES);
    expect((await open.ask('/health')).status).toBe(200);
  });

  test('for an address of ours under one of our names is answered', async () => {
    const received = await toOpen(lines('GET http://localhost/livez HTTP/1.1', 'Host: localhost', 'Connection: close'));
    expect(statusesOf(received)).toEqual([200]);
  });
});

describe('a second request hidden in the first', () => {
  const hidden = lines('GET /api/v1/secrets HTTP/1.1', 'Host: localhost');
  const chunked = `0\r\n\r\n${hidden}`;
  test.each([
    ['by two lengths', ['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden],
    ['by a length and chunks', [`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked'], chunked],
    ['by chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunked],
    ['by chunks of another name', ['Transfer-Encoding: xchunked'], chunked],
    ['by a wrong size of a chunk', ['Transfer-Encoding: chunked'], `0x0\r\n\r\n${hidden}`],
    ['by a negative length', ['Content-Length: -1'], hidden],
    ['by a length with a plus', ['Content-Length: +0'], hidden],
  ])('%s is not answered', async (_how, headers, body) => {
    const received = await toOpen(lines('POST /api/v1/rotate HTTP/1.1', 'Host: localhost', ...headers) + body);
    const statuses = statusesOf(received);
    expect(statuses).toHaveLength(1);
    // If the length is not valid, the missing content type may be found first.
    expect([400, 415]).toContain(statuses[0]);
    expect(received).not.toMatch(NAMES);
  });

  test('needs its own token: each request of a connection is checked separately', async () => {
    const received = await toGuarded(
      lines('GET /livez HTTP/1.1', 'Host: x', 'Authorization: Bearer correct') +
        lines('GET /api/v1/secrets HTTP/1.1', 'Host: x', 'Connection: close'),
    );
    expect(statusesOf(received)).toEqual([200, 401]);
    expect(received).not.toMatch(NAMES);
  });
});

describe('without the token nothing but the health is answered', () => {
  test.each([
    '/health/../metrics',
    '/health/%2e%2e/metrics',
    '/health%2f..%2fmetrics',
    '/health;/metrics',
    '/health?/metrics',
    '/health#/metrics',
    '//metrics',
    '/./metrics',
    '/%6detrics',
    '/metrics%00',
    '/metrics%20',
    '/metrics/',
    '/METRICS',
    '/assets/../api/v1/secrets',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/....//package.json',
    '/assets//etc/passwd',
    '/assets/%00',
    '/assets/%c0%ae%c0%ae/package.json',
    '/assets/__proto__',
    '/assets/constructor',
    '/api/v1/secrets?token=correct',
    '/api/v1/secrets?access_token=correct',
    '/api/v1/session',
    'http://localhost/metrics',
    'http://localhost/health/../metrics',
  ])('at %s', async (target) => {
    const received = await toGuarded(lines(`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
    const isHealth = /^\/health[?#]/.test(target);
    expect(statusesOf(received)).toEqual([target === '/api/v1/session' ? 405 : isHealth ? 200 : 401]);
    expect(received).not.toMatch(NAMES);
  });

  test.each([
    { 'X-HTTP-Method-Override': 'GET' },
    { 'X-Original-URL': '/health' },
    { 'X-Rewrite-URL': '/health' },
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'X-Forwarded-Host': 'localhost' },
    { 'X-Forwarded-User': 'admin' },
    { 'X-Real-IP': '127.0.0.1' },
    { Authorization: 'Basic Y29ycmVjdDpjb3JyZWN0' },
    { Authorization: 'Bearer correct, Bearer correct' },
    { Cookie: 'vault-swarm-session=correct' },
    { Cookie: 'token=correct' },
  ])('whatever else is sent: %j', async (headers) => {
    const { status, body } = await guarded.ask('/api/v1/secrets', { headers: { ...headers } });
    expect([401, 429]).toContain(status);
    expect(body).not.toMatch(NAMES);
  });
});

describe('without the full token nothing is rotated', () => {
  const ask = (method: string, path: string, headers: Record<string, string>) =>
    guarded.ask(path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: method === 'POST' ? '{"quarantined": true}' : '',
    });

  test('neither without a token nor with the read-only one', async () => {
    const look = { Authorization: 'Bearer look' };
    const overridden = { ...look, 'X-HTTP-Method-Override': 'POST' };
    const statuses = await Promise.all(
      [
        ask('POST', '/api/v1/rotate', {}),
        ask('POST', '/api/v1/rotate', look),
        ask('GET', '/api/v1/plan', overridden),
        ask('GET', '/api/v1/rotate', overridden),
        ask('GET', '/api/v1/rotate?_method=POST', look),
        ask('POST', '/api/v1/rotate/', look),
        ask('POST', '/API/v1/rotate', look),
      ].map(async (answer) => (await answer).status),
    );
    expect(statuses).toEqual([401, 403, 200, 405, 405, 404, 404]);
    expect(rotate).not.toHaveBeenCalled();
  });

  test('not by a body that reaches for an object itself', async () => {
    const full = { Authorization: 'Bearer correct', 'Content-Type': 'application/json' };
    for (const body of ['{"__proto__": {"quarantined": true}}', '{"constructor": {"prototype": {"secret": "a"}}}']) {
      expect((await guarded.ask('/api/v1/rotate', { method: 'POST', headers: full, body })).status).toBe(400);
    }
    expect((await guarded.ask('/api/v1/secrets?__proto__[state]=wrong', { headers: full })).status).toBe(200);
    expect(rotate).not.toHaveBeenCalled();
    expect(Object.hasOwn(Object.prototype, 'quarantined')).toBe(false);
  });
});

describe('too much', () => {
  test.each([
    ['of an address', lines(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'), 431],
    ['of a query', lines(`GET /api/v1/secrets?search=${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'), 431],
    ['of a header', lines('GET /health HTTP/1.1', 'Host: localhost', `X: ${'x'.repeat(20_000)}`), 431],
    ['of a cookie', lines('GET /health HTTP/1.1', 'Host: localhost', `Cookie: ${'a=b; '.repeat(4_000)}`), 431],
    [
      'of headers',
      lines('GET /health HTTP/1.1', 'Host: localhost', ...Array.from({ length: 1_500 }, (_, i) => `X-${i}: ${i}`)),
      431,
    ],
  ])('%s is refused', async (_what, text, expected) => {
    expect(statusesOf(await toOpen(text))).toEqual([expected]);
    expect((await open.ask('/health')).status).toBe(200);
  });

  test('of a body is refused before it is read', async () => {
    const head = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000000000'];
    expect(statusesOf(await toOpen(lines('POST /api/v1/rotate HTTP/1.1', ...head)))).toEqual([400]);
    expect(rotate).not.toHaveBeenCalled();
  });

  test('of parameters costs nothing', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `p${index}=1`).join('&');
    expect((await open.ask(`/api/v1/secrets?${many}`)).status).toBe(200);
  });
});

test('clients can not inject a header into a response', async () => {
  const injected = '%0d%0aSet-Cookie:%20a=b';
  for (const path of [`/api/v1/plan?secret=${injected}`, `/api/v1/secrets?cursor=${injected}`, `/${injected}`]) {
    const received = await toOpen(lines(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
    expect(received).not.toMatch(/^set-cookie/im);
  }
  const host = await toGuarded(lines('DELETE /api/v1/session HTTP/1.1', 'Host: x:1; Domain=evil', 'Connection: close'));
  expect(host).toMatch(/^Set-Cookie: vault-swarm-session=;/m);
});

test('no response to a client without a session has a stack, a path or a version', async () => {
  for (const target of ['/', '/%', '/metrics', '/api/v1/session', '/assets/x']) {
    for (const method of ['GET', 'POST', 'TRACE', 'DELETE']) {
      const received = await toGuarded(lines(`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close'));
      expect(received).not.toMatch(/node_modules|\.ts:|\.js:\d|at \w+ \(|Express|1\.2\.3/);
    }
  }
});
