import type { CheckedSecret, CheckOptions, SecretToCheck } from '@vault-swarm/provider';
import { afterEach, expect, test } from 'vitest';
import { type Fixture, startFixture } from '../testing/monitoring-fixture.ts';

const open: Fixture[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

const CHECKED: CheckedSecret = {
  ...{
    ref: 'vault secret/app/db, field password',
    provider: 'vault',
    rotate: 'auto',
    encoding: 'raw',
    isPinned: false,
  },
  ...{ problem: null, reportedDenial: null, source: 'read', revision: '3@2026-03-01T10:00:00Z', fields: ['password'] },
};

async function start(config: Parameters<typeof startFixture>[0] = {}, answer: Promise<CheckedSecret> | null = null) {
  const asked: { readonly secret: SecretToCheck; readonly asksProvider: boolean }[] = [];
  const check = async (secret: SecretToCheck, { asksProvider }: CheckOptions) => {
    asked.push({ secret, asksProvider });
    return answer ?? CHECKED;
  };
  const fixture = await startFixture(config, { secretChecks: { check } });
  open.push(fixture);
  const post = async (body: string, headers: Readonly<Record<string, string>> = {}) => {
    const options = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body };
    const response = await fixture.ask('/api/v1/check', options);
    return { status: response.status, json: JSON.parse(response.body) };
  };
  return { asked, post };
}

test('passes on labels and names, and answers with what a request would come to', async () => {
  const { asked, post } = await start();
  const body = { secret: 'db', labels: { vault_path: 'app/db' }, service: 'shop_web', stack: 'shop' };
  expect(await post(JSON.stringify(body))).toMatchObject({
    status: 200,
    json: { ref: CHECKED.ref, problem: null, source: 'read', revision_name: '3', fields: ['password'], pinned: false },
  });
  const secret = { name: 'db', labels: { vault_path: 'app/db' }, service: 'shop_web', stack: 'shop' };
  expect(asked).toEqual([{ secret, asksProvider: true }]);
});

test('the provider is asked only for clients with full access', async () => {
  const { asked, post } = await start({ token: 'full', viewToken: 'view' });
  const as = async (token: string) => (await post('{"labels": {}}', { Authorization: `Bearer ${token}` })).status;
  expect([await as('full'), await as('view'), await as('other')]).toEqual([200, 200, 401]);
  expect(asked.map(({ asksProvider }) => asksProvider)).toEqual([true, false]);
});

test.each([
  '',
  '{}',
  '[]',
  '{"labels": []}',
  '{"labels": {"a": 1}}',
  '{"labels": {}, "value": true}',
  '{"labels": {}, "secret": ""}',
  JSON.stringify({ labels: { vault_path: 'p'.repeat(4_097) } }),
])('%s is refused with what to send', async (body) => {
  const { asked, post } = await start();
  const { status, json } = await post(body);
  expect([status, json.detail]).toEqual([400, expect.stringMatching(/^Send {"labels".* at most 4096 characters\.$/)]);
  expect(asked).toEqual([]);
});

test('takes no page of another site, and no form', async () => {
  const { post } = await start();
  expect((await post('{"labels": {}}', { Origin: 'https://evil.example' })).status).toBe(403);
  expect((await post('{"labels": {}}', { 'Content-Type': 'text/plain' })).status).toBe(415);
});

test('checks at most four at the same time', async () => {
  const answer = Promise.withResolvers<CheckedSecret>();
  const { asked, post } = await start({}, answer.promise);
  const first = Array.from({ length: 4 }, () => post('{"labels": {}}'));
  await expect.poll(() => asked.length).toBe(4);
  expect((await post('{"labels": {}}')).status).toBe(503);
  answer.resolve(CHECKED);
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test.each(['problem', 'reportedDenial'] as const)(
  'shows the rules of the access policy only to the full token (%s)',
  async (where) => {
    const message = 'the access policy denies service web vault secret/app/db: rule 1 grants vault secret/other/**';
    const denied: CheckedSecret = {
      ...{ ...CHECKED, revision: null, fields: null },
      ...(where === 'problem' ? { problem: { code: 'POLICY_DENIED', message } } : { reportedDenial: message }),
    };
    const { post } = await start({ token: 'full', viewToken: 'view' }, Promise.resolve(denied));
    const shown = async (token: string) => {
      const { json } = await post('{"labels": {}}', { Authorization: `Bearer ${token}` });
      return [json.problem?.code, json.problem?.message ?? json.reported_denial];
    };
    const code = where === 'problem' ? 'POLICY_DENIED' : undefined;
    expect(await shown('full')).toEqual([code, message]);
    expect(await shown('view')).toEqual([
      code,
      'the access policy denies it; a token with full access shows which rule',
    ]);
  },
);

test('answers at most 300 requests in a minute, from all clients together', async () => {
  const { post } = await start();
  const statuses = new Map<number, number>();
  for (let request = 0; request < 301; request++) {
    const { status } = await post('{"labels": {}}');
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses]).toEqual([
    [200, 300],
    [429, 1],
  ]);
});
