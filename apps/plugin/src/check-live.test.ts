import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLive } from './check-live.ts';

const HERE = 'pid:[1]';
let directory: string;
let socketPath: string;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'check-live-'));
  socketPath = join(directory, 'plugin.sock');
});
afterEach(() => {
  server?.close();
  rmSync(directory, { recursive: true });
});

async function check(listener: RequestListener, socketTakeover = false) {
  server = createServer(listener).listen(socketPath);
  await once(server, 'listening');
  return checkLive({ socketPath, socketTakeover }, HERE);
}
const serves =
  (namespace: string): RequestListener =>
  (_request, response) =>
    response.end(JSON.stringify({ live: true, process_namespace: namespace }));

test('a plugin that serves its socket is live, and gets no token', async () => {
  const asked: unknown[] = [];
  const problem = await check(({ method, url, headers }, response) => {
    asked.push([method, url, Object.keys(headers).toSorted()]);
    response.end('{}');
  });
  expect(problem).toBeNull();
  expect(asked).toEqual([['GET', '/livez', ['connection', 'host']]]);
});

test('a plugin that does not serve is not live', async () => {
  expect(await check((_request, response) => response.writeHead(503).end())).toMatch(
    /does not serve: it answered 503$/,
  );
});

test('if nobody listens, it says so', async () => {
  expect(await checkLive({ socketPath, socketTakeover: false }, HERE)).toMatch(/does not answer: .*ENOENT/);
});

test('an answer without an end is not read', async () => {
  const problem = await check((_request, response) => {
    response.write('x'.repeat(10_000));
  });
  expect(problem).toContain('its response is too long');
});

test('while a socket may be taken over, only a plugin of the same container counts', async () => {
  expect(await check(serves(HERE), true)).toBeNull();
  expect(await checkLive({ socketPath, socketTakeover: true }, 'pid:[2]')).toContain('in another container serves');
  expect(await checkLive({ socketPath, socketTakeover: false }, 'pid:[2]')).toBeNull();
});
