import { type LocksDown, RotationRejected } from '@vault-swarm/rotation';
import { afterEach, expect, test, vi } from 'vitest';
import { type Fixture, NOW_MS, startFixture } from '../testing/monitoring-fixture.ts';

const open: Fixture[] = [];
afterEach(() => Promise.all(open.splice(0).map(({ server }) => server.close())));

async function start(lockdown: LocksDown['lockdown'], config: Parameters<typeof startFixture>[0] = {}) {
  const fixture = await startFixture(config, { lockdowns: { lockdown } });
  open.push(fixture);
  return async (body: string, headers: Readonly<Record<string, string>> = {}) => {
    const options = { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body };
    const answer = await fixture.ask('/api/v1/lockdown', options);
    return { status: answer.status, json: JSON.parse(answer.body) };
  };
}

test('is started and ended, and answered with whether it is active', async () => {
  const post = await start(async (active) => (active ? { sinceMs: NOW_MS } : null));
  expect(await post('{"active": true}')).toEqual({
    status: 200,
    json: { active: true, since: new Date(NOW_MS).toISOString() },
  });
  expect(await post('{"active": false}')).toEqual({ status: 200, json: { active: false, since: null } });
});

test('says what is not done yet', async () => {
  const post = await start(async () => {
    throw new RotationRejected('UNAVAILABLE', 'the others are not yet');
  });
  expect(await post('{"active": true}')).toMatchObject({ status: 503, json: { detail: 'the others are not yet' } });
});

test.each(['', '{', '{}', 'true', '{"active": 1}', '{"active": "true"}', '{"active": true, "for": "1h"}'])(
  '%s is refused with what to send',
  async (body) => {
    const lockdown = vi.fn(async () => null);
    const { status, json } = await (await start(lockdown))(body);
    expect([status, json.detail]).toEqual([400, expect.stringContaining('Send {"active": true}')]);
    expect(lockdown).not.toHaveBeenCalled();
  },
);

test('needs full access, and no other site can ask for it', async () => {
  const lockdown = vi.fn(async () => null);
  const post = await start(lockdown, { token: 'full', viewToken: 'view' });
  const statusOf = async (headers: Readonly<Record<string, string>>) =>
    (await post('{"active": true}', headers)).status;
  expect(await statusOf({})).toBe(401);
  expect(await statusOf({ Authorization: 'Bearer view' })).toBe(403);
  expect(await statusOf({ Authorization: 'Bearer full', Origin: 'https://elsewhere.example' })).toBe(403);
  expect(await statusOf({ Authorization: 'Bearer full', 'Content-Type': 'text/plain' })).toBe(415);
  expect(lockdown).not.toHaveBeenCalled();
  expect(await statusOf({ Authorization: 'Bearer full' })).toBe(200);
});
