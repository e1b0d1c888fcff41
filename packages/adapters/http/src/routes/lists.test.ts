import { condition, type RotationStatus } from '@vault-swarm/rotation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { leasesSchema } from '../api/index.ts';
import { type Fixture, HOSTILE_NAME, NOW_MS, QUARANTINE, startFixture, status } from '../testing/monitoring-fixture.ts';

const [secret] = status.secrets;
const [service] = status.services;
if (secret === undefined || service === undefined) throw new Error('the fixture has neither');
const many: RotationStatus = {
  ...status,
  secrets: ['s3', 's1', 's2', 'ünusual'].map((name) => ({
    ...secret,
    name,
    problem: name === 's2' ? { code: 'NOT_FOUND' as const, message: 'there is no app/db' } : null,
  })),
  services: [
    { ...service, id: 'i1', name: 'rolling' },
    { ...service, id: 'i2', name: 'calm', rollout: null, state: condition('current', '') },
    {
      ...service,
      id: 'i3',
      name: 'aside',
      rollout: null,
      quarantine: QUARANTINE,
      state: condition('held-back', 'db-password revision 6, provider has 7'),
    },
  ],
};

describe('parts of a list', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await startFixture({}, { status: () => many });
  });
  afterAll(() => fixture.server.close());

  const names = async (path: string) => {
    const { status: code, body } = await fixture.ask(path);
    expect(code).toBe(200);
    const { secrets, services, total } = JSON.parse(body);
    return [total, ...(secrets ?? services).map(({ name }: { name: string }) => name)];
  };

  test('are found by search, by state, and by both', async () => {
    expect(await names('/api/v1/secrets')).toEqual([4, 's1', 's2', 's3', 'ünusual']);
    expect(await names('/api/v1/secrets?search=APP%2FDB')).toEqual([4, 's1', 's2', 's3', 'ünusual']);
    expect(await names('/api/v1/secrets?search=no%20app')).toEqual([1, 's2']);
    expect(await names('/api/v1/secrets?state=problem')).toEqual([1, 's2']);
    expect(await names('/api/v1/secrets?state=problem&search=s1')).toEqual([0]);
    expect(await names('/api/v1/services?state=problem')).toEqual([1, 'aside']);
    expect(await names('/api/v1/services?state=rolling')).toEqual([1, 'rolling']);
  });

  test('are read in pages to the end', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 5; pages++) {
      const { body } = await fixture.ask(`/api/v1/secrets?limit=1${cursor}`);
      const page = JSON.parse(body);
      expect(page.total).toBe(4);
      seen.push(...page.secrets.map(({ name }: { name: string }) => name));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual(['s1', 's2', 's3', 'ünusual']);
  });

  test.each([
    ['/api/v1/secrets?limit=0', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['/api/v1/secrets?limit=1001', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['/api/v1/secrets?limit=x', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['/api/v1/secrets?limit=1.5', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['/api/v1/secrets?limit=1&limit=2', 'The parameter "limit" must be a whole number from 1 to 1000.'],
    ['/api/v1/secrets?state=rolling', 'The parameter "state" must be one of all, problem.'],
    ['/api/v1/services?state=x', 'The parameter "state" must be one of all, problem, rolling.'],
    ['/api/v1/secrets?search=a&search=b', 'The parameter "search" must be given once.'],
    [`/api/v1/secrets?search=${'x'.repeat(201)}`, 'The parameter "search" must be at most 200 characters long.'],
    ['/api/v1/secrets?cursor=!', 'The parameter "cursor" must be the "next_cursor" of an earlier response.'],
    ['/api/v1/secrets?cursor=', 'The parameter "cursor" must be the "next_cursor" of an earlier response.'],
    [
      '/api/v1/services?limit=x&state=y',
      'The parameter "limit" must be a whole number from 1 to 1000. The parameter "state" must be one of all, problem, rolling.',
    ],
  ])('%s is refused with what is allowed', async (path, detail) => {
    const answer = await fixture.ask(path);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body).detail).toBe(detail);
  });
});

describe('what did not change', () => {
  let fixture: Fixture | undefined;
  afterEach(() => fixture?.server.close());

  test.each(['secrets', 'services', 'leases'])('of the %s is not sent again', async (name) => {
    let shown: RotationStatus = many;
    fixture = await startFixture({}, { status: () => shown });
    const { ask } = fixture;
    const first = await ask(`/api/v1/${name}`);
    const etag = first.headers.etag ?? '';
    const again = (tag: string, query = '') =>
      ask(`/api/v1/${name}${query}`, { headers: { 'If-None-Match': tag } }).then(({ status: code, body }) => [
        code,
        body,
      ]);
    expect(await again(etag)).toEqual([304, '']);
    expect(await again(`"other", ${etag}`)).toEqual([304, '']);
    expect(await again('*')).toEqual([304, '']);
    expect((await again('"other"'))[0]).toBe(200);
    expect(await again(etag, '?limit=1')).toEqual([304, '']);

    shown = { ...many, observedAtMs: NOW_MS };
    expect(await again(etag)).toEqual([304, '']);

    shown = {
      ...shown,
      secrets: many.secrets.map((each) => ({ ...each, revision: '8' })),
      services: many.services.map((each) => ({ ...each, outdatedTasks: 0 })),
      leases: { ...many.leases, maxSets: 10 },
    };
    const changed = await ask(`/api/v1/${name}`, { headers: { 'If-None-Match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
    expect(JSON.parse(changed.body).observed_at).toBe(new Date(NOW_MS).toISOString());
  });

  test('of the overview and the history is not sent again either', async () => {
    fixture = await startFixture();
    for (const path of ['/api/v1/overview', '/api/v1/history']) {
      const { headers } = await fixture.ask(path);
      expect(headers.etag).toMatch(/^"[\w-]{22}"$/);
      const again = await fixture.ask(path, { headers: { 'If-None-Match': headers.etag ?? '' } });
      expect([again.status, again.body]).toEqual([304, '']);
    }
  });
});

describe('the credentials that end', () => {
  let fixture: Fixture;
  const [lease] = many.leases.sets;
  if (lease === undefined) throw new Error('the fixture has none');
  const sets = [
    { ...lease, id: 'c', generation: 10 },
    { ...lease, id: 'b', generation: 9, problem: { operation: 'revoke' as const, message: 'away' } },
    { ...lease, id: 'a', service: 'api', endsAtMs: null, rollsAtMs: null },
    { ...lease, id: 'd', service: 'other', state: 'ended' as const },
  ];
  const leases = { maxSets: 7, sets, endingTooSoon: new Set(['a']) };
  beforeAll(async () => {
    fixture = await startFixture({}, { status: () => ({ ...many, leases }) });
  });
  afterAll(() => fixture.server.close());
  const ask = async (query: string) =>
    leasesSchema.parse(JSON.parse((await fixture.ask(`/api/v1/leases${query}`)).body));
  const ids = async (query: string) => (await ask(query)).leases.map(({ id }) => id);

  test('are listed by service and generation, with their times and the limit', async () => {
    const list = await ask('');
    expect([list.total, list.max_leases, list.leases.map(({ id }) => id)]).toEqual([4, 7, ['a', 'd', 'b', 'c']]);
    expect(list.leases[0]).toEqual({
      ...{ id: 'a', service: 'api', generation: 3, provider: 'vault', ref: 'vault database/creds/shop' },
      ...{ secrets: ['db-password'], tasks: 2, state: 'active', holder: 'token', renewable: true, problem: null },
      ...{ ends_too_soon: true, ends_at: null, rolls_at: null },
      issued_at: new Date(NOW_MS - 7_200_000).toISOString(),
      renewed_at: new Date(NOW_MS - 600_000).toISOString(),
      expires_at: new Date(NOW_MS + 3_000_000).toISOString(),
    });
  });

  test('are found by text and by problem, and read in pages, although a service has several', async () => {
    expect(await ids('?state=problem')).toEqual(['a', 'd', 'b']);
    expect(await ids('?search=API')).toEqual(['a']);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await ask(`?limit=1${cursor}`);
      seen.push(...page.leases.map(({ id }) => id));
      cursor = page.next_cursor === null ? null : `&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual(['a', 'd', 'b', 'c']);
  });
});

test('a name that would be markup is only text', async () => {
  const { server, ask } = await startFixture();
  const { headers, body } = await ask(`/api/v1/secrets?search=${encodeURIComponent('<SCRIPT>')}`);
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(JSON.parse(body).secrets[0].services).toContain(HOSTILE_NAME);
  await server.close();
});
