import { afterEach, describe, expect, test } from 'vitest';
import type { MonitoringServer } from './server.ts';
import { ask, createFixtureServer, startFixture } from './testing/monitoring-fixture.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

function keep(server: MonitoringServer): MonitoringServer {
  open.push(server);
  return server;
}

const portOf = (address: string) => Number(new URL(address).port);

describe('the port', () => {
  test('is open only after listen, and not after close', async () => {
    const server = keep(createFixtureServer({}));
    expect(server.address).toBeNull();
    const address = await server.listen();
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.address).toBe(address);
    expect((await ask(`${address}/health`)).status).toBe(200);
    await server.close();
    expect(server.address).toBeNull();
    await expect(ask(`${address}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('that is taken is a clear error, and listening succeeds once it is free', async () => {
    const taken = createFixtureServer({});
    const port = portOf(await taken.listen());
    const server = keep(createFixtureServer({ port }));
    const reason = `127.0.0.1:${port} is in use by another process; stop that process, or set another MONITORING_PORT`;
    await expect(server.listen()).rejects.toThrow(reason);
    await expect(server.listen()).rejects.toThrow(reason);
    await taken.close();
    expect(await server.listen()).toBe(`http://127.0.0.1:${port}`);
    expect((await ask(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  test('need not have been opened to be closed', async () => {
    const server = createFixtureServer({});
    await server.close();
    await server.close();
  });
});

test('closing waits for the answers in progress, and does not wait for idle connections', async () => {
  const render = Promise.withResolvers<string>();
  let asked = 0;
  const { server, ask: askFixture } = await startFixture(
    {},
    {
      prometheus: {
        contentType: () => 'text/plain',
        render: () => {
          asked += 1;
          return render.promise;
        },
      },
    },
  );
  const address = server.address ?? '';
  const idle = await fetch(`${address}/health`);
  await idle.text();
  const kept = fetch(`${address}/api/metrics`);
  const answered = askFixture('/api/metrics', { headers: { Connection: 'keep-alive' } });
  await expect.poll(() => asked).toBe(2);
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  await expect(ask(`${address}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(closed).toBe(false);
  render.resolve('up 1\n');
  expect((await answered).body).toBe('up 1\n');
  expect(await (await kept).text()).toBe('up 1\n');
  // A connection that waits for another request would hold it up for longer than a test may take.
  await closing;
});

test('a header that is too long is refused without harm', async () => {
  const { server, ask: askFixture } = await startFixture();
  keep(server);
  expect((await askFixture('/health', { headers: { 'X-Long': 'x'.repeat(20_000) } })).status).toBe(431);
  expect((await askFixture('/health')).status).toBe(200);
});
