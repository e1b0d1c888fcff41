import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Fixture, startFixture, status } from '../testing/monitoring-fixture.ts';
import { connectTo } from '../testing/raw-request.ts';

const MAX_CONNECTIONS = 256;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function start(...given: Parameters<typeof startFixture>): Promise<Fixture> {
  const fixture = await startFixture(...given);
  open.push(fixture.server);
  return fixture;
}

async function dawdle({ server }: Fixture, text: string): Promise<Socket> {
  const socket = await connectTo(server.address ?? '');
  socket.on('error', () => {});
  open.push({ close: () => socket.destroy() });
  socket.write(text);
  return socket;
}

async function many(fixture: Fixture, count: number, text: string): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let started = 0; started < count; started += 50) {
    const next = Array.from({ length: Math.min(50, count - started) }, () => dawdle(fixture, text));
    sockets.push(...(await Promise.all(next)));
  }
  return sockets;
}

const alive = (sockets: readonly Socket[]) =>
  sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded);

describe('a thousand clients', () => {
  test.each([
    ['that send nothing', ''],
    ['that never end their headers', 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    [
      'that never send their body',
      'POST /api/v1/rotate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ],
    ['that stay after an answer', 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])(
    '%s keep nobody from being answered, and the last of them are all that is kept',
    async (_what, text) => {
      const fixture = await start();
      const sockets = await many(fixture, 1_000, text);
      for (const socket of sockets) socket.resume();
      for (let asked = 0; asked < 20; asked++) expect((await fixture.ask('/health')).status).toBe(200);
      await expect.poll(() => alive(sockets).length, { timeout: 10_000 }).toBeLessThanOrEqual(MAX_CONNECTIONS);
    },
    60_000,
  );
});

test('clients with a response in flight or an open stream are not disconnected in favour of others', async () => {
  const rendered = Promise.withResolvers<string>();
  const prometheus = { contentType: () => 'text/plain', render: () => rendered.promise };
  const fixture = await start({}, { prometheus });
  const answered = fixture.ask('/api/metrics');
  const stream = await dawdle(fixture, 'GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
  stream.resume();
  await many(fixture, 600, 'GET /');
  rendered.resolve('up 1\n');
  expect((await answered).body).toBe('up 1\n');
  expect(alive([stream])).toHaveLength(1);
}, 60_000);

test('headers that take more than 10 s end the connection', async () => {
  const fixture = await start();
  const socket = await dawdle(fixture, 'GET /health HTTP/1.1\r\n');
  socket.resume();
  const startedAtMs = performance.now();
  await expect.poll(() => alive([socket]), { timeout: 20_000, interval: 250 }).toHaveLength(0);
  expect(performance.now() - startedAtMs).toBeGreaterThan(8_000);
}, 30_000);

test('large responses that are not read do not slow down other clients', async () => {
  const [secret] = status.secrets;
  if (secret === undefined) throw new Error('the fixture has no secret');
  const shown = {
    ...status,
    secrets: Array.from({ length: 1_000 }, (_, index) => ({ ...secret, name: `secret-${index}` })),
  };
  const fixture = await start({}, { status: () => shown });
  await many(fixture, 200, 'GET /api/v1/secrets HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect((await fixture.ask('/health')).status).toBe(200);
}, 60_000);
