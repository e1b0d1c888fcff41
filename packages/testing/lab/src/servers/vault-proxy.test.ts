import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { permissionDenied, sealed, startVaultProxy, tooManyRequests, type VaultProxy } from './vault-proxy.ts';

let server: Server;
let proxy: VaultProxy;
const agent = new Agent({ keepAlive: true });

beforeEach(async () => {
  server = createServer((asked, answer) => {
    answer.writeHead(asked.url?.includes('missing') ? 404 : 200, { 'X-Vault': 'itself' });
    asked.pipe(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startVaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  agent.destroy();
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

interface Seen {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(method: string, path: string, { body = '', timeoutMs = 10_000 } = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(`${proxy.addr}/v1/${path}`, { method, agent, signal }, async (answer) => {
      let text = '';
      try {
        for await (const chunk of answer) text += chunk;
      } catch (error) {
        reject(error);
      }
      resolve({ status: answer.statusCode, headers: answer.headers, body: text });
    });
    call.once('error', reject).end(body);
  });
}

it('forwards requests and responses unchanged', async () => {
  expect(await ask('POST', 'secret/data/a', { body: '{"data":{}}' })).toMatchObject({
    status: 200,
    headers: { 'x-vault': 'itself' },
    body: '{"data":{}}',
  });
  expect((await ask('GET', 'secret/data/missing')).status).toBe(404);
});

it('counts requests by path, logins, reads of values, and connections', async () => {
  for (const path of ['secret/data/a?version=1', 'secret/data/a', 'kv1/b', 'secret/metadata/a', 'sys/health']) {
    await ask('GET', path);
  }
  await ask('POST', 'auth/approle/login', { body: '{"role_id":"r"}' });
  expect(await proxy.counts()).toEqual({
    requests: 6,
    connections: 1,
    logins: 1,
    valueReads: 3,
    bytes: 2 * '{"role_id":"r"}'.length,
    byPath: {
      'GET secret/data/a': 2,
      'GET kv1/b': 1,
      'GET secret/metadata/a': 1,
      'GET sys/health': 1,
      'POST auth/approle/login': 1,
    },
  });
  await proxy.reset();
  expect(await proxy.counts()).toEqual({ requests: 0, connections: 0, logins: 0, valueReads: 0, bytes: 0, byPath: {} });
});

it('adds its latency to each response', async () => {
  await proxy.setLatency(80);
  const startedMs = performance.now();
  await ask('GET', 'secret/data/a');
  expect(performance.now() - startedMs).toBeGreaterThan(79);
});

it('answers instead of the server only the requests that match a fault', async () => {
  const login = { method: 'POST', path: /^auth\/[^/]+\/login$/ };
  await proxy.setFaults({ ...permissionDenied, match: login }, { ...tooManyRequests(7), match: { path: /^secret\// } });
  expect(await ask('POST', 'auth/approle/login')).toMatchObject({
    status: 403,
    body: '{"errors":["permission denied"]}',
  });
  expect(await ask('GET', 'secret/data/a')).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
  expect((await ask('GET', 'sys/health')).status).toBe(200);
  await proxy.setFaults(sealed);
  expect((await ask('GET', 'sys/health')).status).toBe(503);
  await proxy.setFaults();
  expect((await ask('GET', 'sys/health')).status).toBe(200);
});

it('injects a fault as often as its rule says', async () => {
  await proxy.setFaults({ ...sealed, times: 2 });
  const statuses = [];
  for (let turn = 0; turn < 3; turn++) statuses.push((await ask('GET', 'sys/health')).status);
  expect(statuses).toEqual([503, 503, 200]);
});

it('answers each or every second read of KV v2 as a lagging replica', async () => {
  const created = [60_000, 5_000].map((agoMs) => ({ created_time: new Date(Date.now() - agoMs).toISOString() }));
  server.removeAllListeners('request');
  server.on('request', ({ url = '' }, answer) => {
    const metadata = { data: { current_version: 2, versions: { 1: created[0], 2: created[1] } } };
    answer.end(JSON.stringify(url.includes('/metadata/') ? metadata : { url }));
  });
  const read = async (path: string) => JSON.parse((await ask('GET', path)).body);
  await proxy.setFaults({ kind: 'behind', has: { lagMs: 30_000 }, match: { path: /^secret\// } });
  expect(await read('secret/data/app/db')).toEqual({ url: '/v1/secret/data/app/db?version=1' });
  expect(await read('secret/subkeys/app/db?depth=1')).toEqual({ url: '/v1/secret/subkeys/app/db?depth=1&version=1' });
  expect(await read('secret/metadata/app/db')).toEqual({ data: { current_version: 1, versions: { 1: created[0] } } });
  expect((await ask('GET', 'secret/data/app/db?version=2')).status).toBe(404);
  expect(await read('secret/data/app/db?version=1')).toEqual({ url: '/v1/secret/data/app/db?version=1' });
  await proxy.setFaults({ kind: 'behind', has: { untilMs: Date.now() - 90_000 }, alternates: true });
  expect((await ask('GET', 'secret/data/app/db')).status).toBe(404);
  expect(await read('secret/data/app/db')).toEqual({ url: '/v1/secret/data/app/db' });
  expect(await read('sys/health')).toEqual({ url: '/v1/sys/health' });
});

it('never answers a request that hangs, and still answers others', async () => {
  await proxy.setFaults({ kind: 'hang', match: { path: /\/a$/ } });
  const hanging = expect(ask('GET', 'secret/data/a', { timeoutMs: 100 })).rejects.toThrow('aborted');
  expect((await ask('GET', 'secret/data/b')).status).toBe(200);
  await hanging;
});

it('sends a response one byte at a time', async () => {
  await proxy.setFaults({ kind: 'drip', intervalMs: 20 });
  const startedMs = performance.now();
  expect((await ask('POST', 'secret/data/a', { body: '12345' })).body).toBe('12345');
  expect(performance.now() - startedMs).toBeGreaterThan(90);
});

it('resets a connection, and refuses connections until it accepts them again', async () => {
  await proxy.setFaults({ kind: 'cut' });
  await expect(ask('GET', 'secret/data/a')).rejects.toThrow(/ECONNRESET|hang up/);
  await proxy.setFaults();
  await proxy.refuse();
  await expect(ask('GET', 'secret/data/a')).rejects.toThrow('ECONNREFUSED');
  await proxy.accept();
  expect((await ask('GET', 'secret/data/a')).status).toBe(200);
});

it('resets the connection of a client while the server is down', async () => {
  server.closeAllConnections();
  server.close();
  await expect(ask('GET', 'secret/data/a')).rejects.toThrow(/ECONNRESET|hang up/);
});
