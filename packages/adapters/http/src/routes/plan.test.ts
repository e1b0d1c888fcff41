import { type PreviewRequest, RotationRejected } from '@vault-swarm/rotation';
import { afterEach, expect, test } from 'vitest';
import { type Fixture, startFixture } from '../testing/monitoring-fixture.ts';

const WAITING = { code: 'PARALLEL_LIMIT', message: 'waits for other services to finish' } as const;

let fixture: Fixture | undefined;
afterEach(() => fixture?.server.close());

test.each([
  ['', { kind: 'due' }],
  ['?secret=db%20password', { kind: 'secret', name: 'db password' }],
  ['?service=web', { kind: 'service', name: 'web' }],
  ['?service=web&force=true', { kind: 'service', name: 'web', force: true }],
  ['?quarantined=true', { kind: 'quarantined' }],
] as const)('GET /api/v1/plan%s tells what would be done, and does nothing', async (query, expected) => {
  const asked: PreviewRequest[] = [];
  fixture = await startFixture(
    {},
    {
      manualRotation: {
        rotate: () => Promise.reject(new Error('nothing may be done')),
        preview: async (wanted) => {
          asked.push(wanted);
          return [{ name: 'web', secrets: ['db'], outcome: 'scheduled', tasks: 3, waitingReason: WAITING }];
        },
      },
    },
  );
  const { status, body } = await fixture.ask(`/api/v1/plan${query}`);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({
    services: [{ name: 'web', secrets: ['db'], outcome: 'scheduled', tasks: 3, waiting_reason: WAITING }],
  });
  expect(asked).toEqual([expected]);
});

test('a plan of more services than fit into an answer says how many it leaves out', async () => {
  const secrets = Array.from({ length: 20 }, (_, index) => `secret_with_a_long_name_${index}`);
  const services = Array.from({ length: 5_000 }, (_, index) => ({
    name: `service_${index}`,
    secrets,
    outcome: 'scheduled' as const,
    tasks: 3,
    waitingReason: { code: 'PARALLEL_LIMIT' as const, message: 'a'.repeat(100_000) },
  }));
  fixture = await startFixture({}, { manualRotation: { rotate: async () => services, preview: async () => services } });
  for (const answer of [
    await fixture.ask('/api/v1/plan'),
    await fixture.ask('/api/v1/rotate', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quarantined: true }),
    }),
  ]) {
    expect(Buffer.byteLength(answer.body)).toBeLessThan(1_000_000);
    const { services: listed, omitted } = JSON.parse(answer.body);
    expect(listed.length).toBeGreaterThan(100);
    expect(listed.length + omitted).toBe(5_000);
  }
});

test.each(['?secret=', '?secret=a&service=b', '?secret=a&secret=b', '?quarantined=false'])(
  'GET /api/v1/plan%s is refused',
  async (query) => {
    fixture = await startFixture();
    const { status, headers } = await fixture.ask(`/api/v1/plan${query}`);
    expect([status, headers['content-type']]).toEqual([400, 'application/problem+json']);
  },
);

test('what the rotation refuses is refused with its reason', async () => {
  const preview = () => Promise.reject(new RotationRejected('UNKNOWN', 'there is no service web'));
  fixture = await startFixture({}, { manualRotation: { rotate: async () => [], preview } });
  const { status, body } = await fixture.ask('/api/v1/plan?service=web');
  expect([status, JSON.parse(body).detail]).toEqual([404, 'there is no service web']);
});

test('four plans are made at once; a fifth request must retry, and then succeeds', async () => {
  const waiting: (() => void)[] = [];
  const preview = () => new Promise<readonly never[]>((resolve) => waiting.push(() => resolve([])));
  fixture = await startFixture({}, { manualRotation: { rotate: async () => [], preview } });
  const { ask } = fixture;
  const four = Array.from({ length: 4 }, () => ask('/api/v1/plan'));
  await expect.poll(() => waiting).toHaveLength(4);
  const fifth = await ask('/api/v1/plan');
  expect([fifth.status, fifth.headers['retry-after']]).toEqual([503, '2']);
  for (const answer of waiting) answer();
  expect((await Promise.all(four)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const again = ask('/api/v1/plan');
  await expect.poll(() => waiting).toHaveLength(5);
  waiting[4]?.();
  expect((await again).status).toBe(200);
});
