import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventBus } from '@vault-swarm/kernel';
import { type FakeServer, jsonReply, startFakeServer, tempDirectory } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, type Settings } from './testing/configured.ts';

const directory = tempDirectory();
let api: FakeServer;
let secret: { value: unknown; version: number };
const opened: ProviderInstance[] = [];
const events: ProductEvent[] = [];

beforeAll(async () => {
  api = await startFakeServer({
    answer({ path, headers }) {
      if (path.startsWith('/meta/')) return jsonReply(200, { version: secret.version });
      const etag = `"v${secret.version}"`;
      if (headers['if-none-match'] === etag) return { status: 304 };
      return jsonReply(200, { data: secret.value, version: secret.version }, { etag });
    },
  });
});
afterAll(async () => {
  await api.stop();
  await directory.remove();
});
beforeEach(() => {
  secret = { value: { user: 'app', password: 'first' }, version: 1 };
  api.resetCounts();
  events.length = 0;
});
afterEach(async () => {
  api.recover();
  await Promise.all(opened.splice(0).map((provider) => provider.close()));
});

function open(settings: Settings = {}): ProviderInstance {
  const bus = new EventBus<ProductEvent>(realClock);
  bus.subscribe((event) => void events.push(event));
  const common = { url: api.endpoint, path: '/v1/{name}', 'placeholders.name.pattern': '[a-z0-9-]+', value: '/data' };
  const provider = providerOf({ ...common, ...settings }, { events: bus });
  opened.push(provider);
  return provider;
}

const ref = (name: string, field?: string): SecretRef => ({
  provider: 'http',
  location: { name },
  encoding: 'raw',
  ...(field === undefined ? {} : { field }),
});

describe('a read', () => {
  test('of several fields of one path at the same time is one request', async () => {
    const provider = open();
    const texts = await Promise.all(['user', 'password'].map((field) => readTextOf(provider, ref('db', field))));
    expect(texts).toEqual(['app', 'first']);
    expect(api.requests).toMatchObject([{ method: 'GET', path: '/v1/db', headers: { accept: 'application/json' } }]);
  });

  test('sends the headers, with a credential that is read again after its file changed', async () => {
    const file = join(directory.path, 'token');
    await writeFile(file, 'one\n');
    const provider = open({
      'headers.Authorization.before': 'Bearer ',
      'headers.Authorization.file': file,
      'headers.X-Id': 'a b',
    });
    await readTextOf(provider, ref('a', 'user'));
    await writeFile(file, 'two\n');
    await readTextOf(provider, ref('b', 'user'));
    expect(api.requests.map(({ headers }) => [headers.authorization, headers['x-id']])).toEqual([
      ['Bearer one', 'a b'],
      ['Bearer two', 'a b'],
    ]);
  });

  test('of a digest has another revision exactly if its own field has another value', async () => {
    const provider = open();
    const revisions = async () =>
      Promise.all(
        ['user', 'password'].map(
          async (field) =>
            (await provider.secrets.read(ref('db', field), { ...soon(), notBeforeMs: performance.now() })).revision,
        ),
      );
    const [user, password] = await revisions();
    secret = { value: { user: 'app', password: 'second' }, version: 2 };
    const later = await revisions();
    expect(later[0]).toBe(user);
    expect(later[1]).not.toBe(password);
  });

  test('of a whole body gives its bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const raw = await startFakeServer({ answer: () => ({ status: 200, body: bytes }) });
    const provider = providerOf({ url: raw.endpoint, path: '/{name}', 'placeholders.name.pattern': '.*' });
    try {
      expect((await provider.secrets.read(ref('x'), soon())).value.reveal()).toEqual(bytes);
    } finally {
      await provider.close();
      await raw.stop();
    }
  });

  test('of a list gives its entries as fields, the first of each name', async () => {
    secret.value = [
      { label: 'user', value: 'app' },
      { label: 'user', value: 'other' },
      { label: 'note' },
      { label: 'port', value: 5432 },
    ];
    const provider = open({ value: '', 'fields.list': '/data', 'fields.name': '/label', 'fields.value': '/value' });
    expect(await readTextOf(provider, ref('db', 'user'))).toBe('app');
    expect(await readTextOf(provider, ref('db', 'port'))).toBe('5432');
    expect(await vaultErrorOf(readTextOf(provider, ref('db', 'note')))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'http db, field note: there is no such field; it has user, port',
    });
  });

  test.each([
    [{ value: '/other' }, 'the response has nothing at /other'],
    [
      { value: '', 'fields.list': '/data', 'fields.name': '/a', 'fields.value': '/b' },
      'the response has no list at /data',
    ],
  ])('of a response that is not as configured (%j) says so, and drops no cached value', async (settings, message) => {
    const error = await vaultErrorOf(readTextOf(open(settings as Settings), ref('db')));
    expect(error).toMatchObject({ code: 'INVALID_PAYLOAD', retryable: true });
    expect(error.message).toContain(message);
  });
});

describe('a failure', () => {
  const json = (status: number, headers = {}) => jsonReply(status, { message: 'canary' }, headers);
  test.each([
    ['400', json(400), { code: 'INVALID_REF', retryable: true }],
    ['401', json(401), { code: 'UNAUTHENTICATED', retryable: true }],
    ['403 that the API explains', json(403), { code: 'ACCESS_DENIED', retryable: false }],
    ['403 of some proxy', { status: 403, body: '<html>' }, { code: 'ACCESS_DENIED', retryable: true }],
    ['404 that the API explains', json(404), { code: 'NOT_FOUND', retryable: false }],
    ['404 of some proxy', { status: 404, body: '<html>' }, { code: 'NOT_FOUND', retryable: true }],
    ['429', json(429, { 'retry-after': '7' }), { code: 'RATE_LIMITED', retryAfterMs: 7_000 }],
    ['429 without a time', json(429), { code: 'RATE_LIMITED', retryAfterMs: 1_000 }],
    ['500', json(500), { code: 'UNAVAILABLE' }],
    ['503 with a time', json(503, { 'retry-after': '3' }), { code: 'UNAVAILABLE', retryAfterMs: 3_000 }],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://user:pw@other.example/x?token=canary' } },
      { code: 'UNAVAILABLE' },
    ],
    ['204', { status: 204 }, { code: 'UNAVAILABLE' }],
    ['text that is not JSON', { status: 200, body: 'canary' }, { code: 'INVALID_PAYLOAD', retryable: true }],
    [
      'too many values',
      { status: 200, body: `[${'1,'.repeat(60_000)}1]` },
      { code: 'INVALID_PAYLOAD', retryable: true },
    ],
    ['text that is not HTTP', { kind: 'garbage' } as const, { code: 'UNAVAILABLE' }],
    ['a body without an end', { kind: 'endless' } as const, { code: 'INVALID_PAYLOAD', retryable: true }],
    ['a connection that ends', { kind: 'reset' } as const, { code: 'UNAVAILABLE' }],
  ])('by %s has its code, and shows nothing of the response', async (_, fault, expected) => {
    api.disturb({ fault });
    const error = await vaultErrorOf(readTextOf(open(), ref('db', 'user')));
    expect(error).toMatchObject(expected);
    expect(error.message).not.toMatch(/canary|pw@|token/);
  });

  test('by a redirect names the host, and the host is not asked', async () => {
    const other = await startFakeServer({ answer: () => jsonReply(200, { data: 'x' }) });
    try {
      api.disturb({ fault: { status: 307, headers: { location: `${other.endpoint}/v1/db` } } });
      const { message } = await vaultErrorOf(readTextOf(open(), ref('db')));
      expect(message).toContain(`redirects to ${new URL(other.endpoint).host}, which is not followed`);
      expect(other.requests).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test('that passes is repeated, and a lasting one at most twice', async () => {
    api.disturb({ fault: json(502) });
    const provider = open();
    await vaultErrorOf(readTextOf(provider, ref('db', 'user')));
    expect(api.requests.length).toBe(3);
    expect(events.filter(({ type }) => type === 'provider.request-completed')).toMatchObject([
      { operation: 'read', outcome: 'UNAVAILABLE', isRepeated: true },
      { operation: 'read', outcome: 'UNAVAILABLE', isRepeated: true },
      { operation: 'read', outcome: 'UNAVAILABLE' },
    ]);
  });
});

describe('a probe', () => {
  test('by ETags asks once for each path, and gets no body while nothing changed', async () => {
    const provider = open({ revision: 'etag' });
    const { revision } = await provider.secrets.read(ref('db', 'user'), soon());
    api.resetCounts();
    const [first, second] = await probeAll(provider, ref('db', 'user'), ref('db', 'password'));
    expect(first).toEqual({ kind: 'marker', marker: '"v1"', revision });
    expect(second).toEqual(first);
    expect(api.requests).toMatchObject([{ headers: { 'if-none-match': '"v1"' } }]);
    secret.version = 2;
    expect(await probeAll(provider, ref('db', 'user'))).toMatchObject([{ marker: '"v2"' }]);
    expect(await probeAll(provider, ref('db', 'user'))).toMatchObject([{ marker: '"v2"' }]);
    expect(api.requests.at(-1)?.headers['if-none-match']).toBe('"v2"');
  });

  test('by HEAD gets no body', async () => {
    const provider = open({ revision: 'etag', probe: 'head' });
    expect(await probeAll(provider, ref('db'))).toEqual([{ kind: 'marker', marker: '"v1"', revision: '"v1"' }]);
    expect(api.requests).toMatchObject([{ method: 'HEAD', path: '/v1/db' }]);
  });

  test('by a path names the revision of a read', async () => {
    const provider = open({ revision: '/version', 'probe.path': '/meta/{name}' });
    expect((await provider.secrets.read(ref('db', 'user'), soon())).revision).toBe('1');
    const [before] = await probeAll(provider, ref('db'));
    expect(before).toMatchObject({ kind: 'marker', revision: '1' });
    secret.version = 2;
    const [after] = await probeAll(provider, ref('db'));
    expect(after).toMatchObject({ kind: 'marker', revision: '2' });
    expect(api.requests.map(({ path }) => path)).toEqual(['/v1/db', '/meta/db', '/meta/db']);
  });

  test('without a configured way says that only a read can tell', async () => {
    expect(await probeAll(open(), ref('db'))).toEqual([{ kind: 'unsupported' }]);
    expect(api.requests).toEqual([]);
  });

  test('of a server without ETags says what to change', async () => {
    api.disturb({ fault: jsonReply(200, { data: 'x' }) });
    const [result] = await probeAll(open({ revision: 'etag' }), ref('db'));
    expect(result).toEqual({ kind: 'unsupported', problem: 'the server sends no ETag; set another revision' });
  });

  test('fails with the code of the response', async () => {
    api.disturb({ fault: jsonReply(403, {}) });
    const results = await probeAll(open({ revision: 'etag' }), ref('db'), { ...ref('db'), location: { name: '../x' } });
    expect(results).toMatchObject([
      { kind: 'failed', error: { code: 'ACCESS_DENIED' } },
      { kind: 'failed', error: { code: 'INVALID_REF' } },
    ]);
  });

  test('is postponed while the budget is used up, and reads are not', async () => {
    const provider = open({ revision: 'etag', max_calls_per_hour: '60' });
    expect(await probeAll(provider, ref('db'))).toMatchObject([{ kind: 'marker' }]);
    expect(await probeAll(provider, ref('db'))).toEqual([{ kind: 'postponed' }]);
    expect(await probeAll(provider, ref('new'))).toMatchObject([{ kind: 'marker' }]);
    expect(await readTextOf(provider, ref('db', 'user'))).toBe('app');
    expect(api.requests.length).toBe(3);
  });

  test.each([100, 1_000])('of %i unchanged secrets is one request for each, without a body', async (count) => {
    const provider = open({ revision: 'etag' });
    const refs = Array.from({ length: count }, (_, index) => ref(`db-${index}`, 'user'));
    await probeAll(provider, ...refs);
    api.resetCounts();
    expect((await probeAll(provider, ...refs)).every(({ kind }) => kind === 'marker')).toBe(true);
    expect(api.requests.length).toBe(count);
    expect(api.requests.every(({ headers }) => headers['if-none-match'] === '"v1"')).toBe(true);
  });
});

describe('over TLS', () => {
  const file = (name: string) => join(directory.path, name);
  const certificate = (name: string) => {
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:secrets.test,IP:127.0.0.1'];
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...ec, ...names, ...out], { stdio: 'ignore' });
    return { cert: readFileSync(file(`${name}.crt`)), key: readFileSync(file(`${name}.key`)) };
  };

  test('a client certificate is shown, and a changed one from the next request', async () => {
    const server = certificate('server');
    const [one, two] = [certificate('one'), certificate('two')];
    const seen: string[] = [];
    const secure = await startFakeServer(
      { answer: () => jsonReply(200, { data: 'x' }) },
      {
        ...server,
        ca: [one.cert, two.cert],
        requestCert: true,
        rejectUnauthorized: true,
      },
    );
    const settings = { url: secure.endpoint, 'tls.ca_file': file('server.crt') };
    try {
      const stranger = await vaultErrorOf(readTextOf(open(settings), ref('db')));
      expect(stranger.code).toBe('UNAVAILABLE');
      for (const [name, pem] of [
        ['one', one],
        ['two', two],
      ] as const) {
        await writeFile(file('client.crt'), pem.cert);
        await writeFile(file('client.key'), pem.key);
        seen.push(name);
      }
      await writeFile(file('client.crt'), one.cert);
      await writeFile(file('client.key'), one.key);
      const provider = open({ ...settings, 'tls.cert_file': file('client.crt'), 'tls.key_file': file('client.key') });
      expect(await readTextOf(provider, ref('db'))).toBe('x');
      await writeFile(file('client.crt'), two.cert);
      await writeFile(file('client.key'), two.key);
      expect(await readTextOf(provider, ref('other'))).toBe('x');
    } finally {
      await secure.stop();
    }
  });

  test('a certificate that is not trusted, or for another name, is refused', async () => {
    const secure = await startFakeServer({ answer: () => jsonReply(200, { data: 'x' }) }, certificate('untrusted'));
    try {
      const { message } = await vaultErrorOf(readTextOf(open({ url: secure.endpoint }), ref('db')));
      expect(message).toContain('has a certificate that is not trusted');
      const named = { url: secure.endpoint, 'tls.ca_file': file('untrusted.crt'), 'tls.server_name': 'secrets.test' };
      expect(await readTextOf(open(named), ref('db'))).toBe('x');
      const other = await vaultErrorOf(readTextOf(open({ ...named, 'tls.server_name': 'other.test' }), ref('db')));
      expect(other.message).toContain('has a certificate for another name');
      expect(secure.requests.length).toBe(1);
    } finally {
      await secure.stop();
    }
  });
});
