import { afterEach, describe, expect, test } from 'vitest';
import { makeCertificate } from '../testing/certificate.ts';
import { type Answer, type Fixture, type FixtureConfig, startFixture } from '../testing/monitoring-fixture.ts';
import { readCertificate } from '../tls/certificate.ts';

const PATH = '/api/v1/session';
const TOKENS = { token: 'correct-horse', viewToken: 'only-looking' };
const TWELVE_HOURS_MS = 12 * 3_600_000;

const open: Fixture[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

async function start(config: FixtureConfig = TOKENS, monotonic = () => 0) {
  const fixture = await startFixture(config, {}, { monotonic });
  open.push(fixture);
  const signIn = (token: unknown, headers: Record<string, string> = {}) =>
    fixture.ask(PATH, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
  const cookieOf = ({ headers }: Answer) => headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const withCookie = async (cookie: string, path = '/api/v1/overview') =>
    (await fixture.ask(path, { headers: { Cookie: cookie } })).status;
  return { ...fixture, signIn, cookieOf, withCookie };
}

describe('signing in', () => {
  test('with the token gives a cookie that no script can read and no other site can use', async () => {
    const { server, signIn, cookieOf, withCookie } = await start();
    const { port } = new URL(server.address ?? '');
    const answer = await signIn('correct-horse');
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        `^vault-swarm-session-${port}=[\\w-]{32}; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict$`,
      ),
    ]);
    expect(answer.headers['set-cookie']?.join()).not.toContain('correct');
    expect(await withCookie(cookieOf(answer))).toBe(200);
    expect(await withCookie(`other=1; ${cookieOf(answer)}; more=2`)).toBe(200);
  });

  test('under TLS the cookie is for TLS and this host only', async () => {
    const pair = makeCertificate();
    const read = () => readCertificate((path) => (path === 'c' ? pair.cert : pair.key), { cert: 'c', key: 'k' });
    const { signIn, cookieOf, withCookie } = await start({ ...TOKENS, tls: { first: read(), read } });
    const answer = await signIn('correct-horse');
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-vault-swarm-session-\d+=[\w-]+; .*Path=\/;.*; Secure; SameSite=Strict$/,
    );
    expect(answer.headers['set-cookie']?.[0]).not.toContain('Domain');
    expect(await withCookie(cookieOf(answer))).toBe(200);
    expect(await withCookie(cookieOf(answer).replace('__Host-', ''))).toBe(401);
  });

  test('with either token lets do what that token lets do', async () => {
    const { ask, signIn, cookieOf } = await start();
    for (const [token, access, rotated] of [
      ['correct-horse', 'full', 202],
      ['only-looking', 'view', 403],
    ] as const) {
      const headers = { Cookie: cookieOf(await signIn(token)), 'Content-Type': 'application/json' };
      expect(JSON.parse((await ask('/api/v1/overview', { headers })).body).access).toBe(access);
      const answer = await ask('/api/v1/rotate', { method: 'POST', headers, body: '{"quarantined": true}' });
      expect(answer.status).toBe(rotated);
    }
  });

  test.each(['wrong', 'correct-hors', 'correct-horse ', ''])('with "%s" does not', async (token) => {
    const { signIn } = await start();
    const { status, headers, body } = await signIn(token);
    expect(status).toBe(token === '' ? 400 : 401);
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).not.toContain('correct');
  });

  test.each(['{}', '[]', 'null', '{"token": 1}', '{"token": "correct-horse", "more": 1}', '{', ''])(
    'with %s is refused with what to send',
    async (body) => {
      const { ask } = await start();
      const answer = await ask(PATH, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).detail).toContain('Send {"token": "TOKEN"}, and nothing else.');
    },
  );

  test('is not done by a page of another site, or by a form', async () => {
    const { signIn, ask } = await start();
    expect((await signIn('correct-horse', { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await signIn('correct-horse', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await ask(PATH, { method: 'POST', headers: form, body: 'token=correct-horse' })).status).toBe(415);
  });

  test('is not needed if there is no token', async () => {
    const { signIn } = await start({});
    const { status, body } = await signIn('any');
    expect([status, JSON.parse(body).detail]).toEqual([409, 'No token is needed here.']);
  });
});

describe('a session', () => {
  test('ends after 12 hours', async () => {
    let nowMs = 0;
    const { signIn, cookieOf, withCookie } = await start(TOKENS, () => nowMs);
    const cookie = cookieOf(await signIn('correct-horse'));
    nowMs = TWELVE_HOURS_MS - 1;
    expect(await withCookie(cookie)).toBe(200);
    nowMs = TWELVE_HOURS_MS;
    expect(await withCookie(cookie)).toBe(401);
    nowMs = 0;
    expect(await withCookie(cookie)).toBe(401);
  });

  test('ends with the token that it was started with, and not with the other one', async () => {
    let token = 'first';
    const { signIn, cookieOf, withCookie } = await start({ token: () => token, viewToken: 'only-looking' });
    const [full, view] = [cookieOf(await signIn('first')), cookieOf(await signIn('only-looking'))];
    token = 'second';
    expect(await withCookie(full)).toBe(401);
    expect(await withCookie(view)).toBe(200);
  });

  test('ends when it is signed out, and not otherwise', async () => {
    const { ask, signIn, cookieOf, withCookie } = await start();
    const [mine, other] = [cookieOf(await signIn('correct-horse')), cookieOf(await signIn('correct-horse'))];
    const cross = { Cookie: mine, Origin: 'http://evil.example' };
    expect((await ask(PATH, { method: 'DELETE', headers: cross })).status).toBe(403);
    expect(await withCookie(mine)).toBe(200);
    const answer = await ask(PATH, { method: 'DELETE', headers: { Cookie: mine } });
    expect(answer.status).toBe(204);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^vault-swarm-session-\d+=; Max-Age=0; Path=\/; /);
    expect(await withCookie(mine)).toBe(401);
    expect(await withCookie(other)).toBe(200);
    expect((await ask(PATH, { method: 'DELETE' })).status).toBe(204);
  });

  test('of another process, or one that was made up, is none', async () => {
    const [here, there] = [await start(), await start()];
    const foreign = here.cookieOf(await here.signIn('correct-horse'));
    const portOf = ({ server }: Fixture) => new URL(server.address ?? '').port;
    expect(await there.withCookie(foreign.replace(portOf(here), portOf(there)))).toBe(401);
    expect(await there.withCookie(`vault-swarm-session-${portOf(there)}=`)).toBe(401);
    expect(await there.withCookie(`vault-swarm-session-${portOf(there)}=__proto__`)).toBe(401);
  });

  test('is kept apart from that of another port of the same host', async () => {
    const [here, there] = [await start(), await start()];
    const both = [
      here.cookieOf(await here.signIn('correct-horse')),
      there.cookieOf(await there.signIn('only-looking')),
    ];
    expect(await here.withCookie(both.join('; '))).toBe(200);
    expect(await there.withCookie(both.join('; '))).toBe(200);
  });

  test('does not help a client that sends a wrong token too', async () => {
    const { ask, signIn, cookieOf } = await start();
    const Cookie = cookieOf(await signIn('correct-horse'));
    expect((await ask('/metrics', { headers: { Cookie, Authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  test('shows names in the health check', async () => {
    const { ask, signIn, cookieOf } = await start();
    const Cookie = cookieOf(await signIn('only-looking'));
    expect((await ask('/health', { headers: { Cookie } })).status).toBe(200);
  });
});

describe('wrong tokens', () => {
  test('more than 10 in a minute are rejected, and a right one is still accepted', async () => {
    const { ask, signIn } = await start();
    for (let tries = 0; tries < 10; tries++) expect((await signIn(`wrong-${tries}`)).status).toBe(401);
    const refused = await signIn('wrong');
    expect([refused.status, refused.headers['retry-after'], refused.headers.connection]).toEqual([429, '60', 'close']);
    expect((await ask('/metrics', { headers: { Authorization: 'Bearer wrong' } })).status).toBe(429);
    expect((await signIn('correct-horse')).status).toBe(204);
    expect((await ask('/metrics', { headers: { Authorization: 'Bearer only-looking' } })).status).toBe(200);
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/health', { headers: { Authorization: 'Bearer wrong' } })).status).toBe(200);
  });

  test('are counted together, whether they are headers or sign-ins, and whatever address a header claims', async () => {
    const { ask, signIn } = await start();
    for (let tries = 0; tries < 5; tries++) {
      const forged = { 'X-Forwarded-For': `10.0.0.${tries}`, Forwarded: `for=10.0.0.${tries}` };
      expect((await signIn('wrong', forged)).status).toBe(401);
      expect((await ask('/', { headers: { ...forged, Authorization: 'Bearer wrong' } })).status).toBe(401);
    }
    expect((await signIn('wrong', { 'X-Forwarded-For': '10.0.0.99' })).status).toBe(429);
  });

  test('that are none at all do not count', async () => {
    const { ask } = await start();
    for (let tries = 0; tries < 30; tries++) expect((await ask('/metrics')).status).toBe(401);
  });
});
