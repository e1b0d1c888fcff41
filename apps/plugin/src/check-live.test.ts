import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Credential } from '@vault-swarm/provider';
import { afterEach, expect, test } from 'vitest';
import { checkLive } from './check-live.ts';

const nobody = { enabled: true, host: '127.0.0.1', port: 9, token: undefined, viewToken: undefined, tls: undefined };

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

async function check(listener: RequestListener, host = '127.0.0.1') {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return checkLive({ ...nobody, host, port, token: new Credential('MONITORING_TOKEN', () => 'only-for-tests') });
}

test('a plugin that serves is live, whatever address it listens on', async () => {
  const asked: unknown[] = [];
  const problem = await check((request, response) => {
    asked.push([request.url, request.headers.authorization]);
    response.end();
  }, '0.0.0.0');
  expect(problem).toBeNull();
  expect(asked).toEqual([['/livez', 'Bearer only-for-tests']]);
});

test('a plugin that does not serve is not live', async () => {
  expect(await check((_request, response) => response.writeHead(503).end())).toBe('/livez answered 503');
});

test('where nobody listens, it says so', async () => {
  expect(await checkLive(nobody)).toMatch(/can't be asked: .*ECONNREFUSED/);
});

test('without monitoring there is nobody to ask', async () => {
  expect(await checkLive({ ...nobody, enabled: false })).toContain('ENABLE_MONITORING=false');
});
