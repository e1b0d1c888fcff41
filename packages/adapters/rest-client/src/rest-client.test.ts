import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EventBus } from '@vault-swarm/kernel';
import { type ForwardProxy, startForwardProxy } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { type ProductEvent, ProviderError, type Proxies } from '@vault-swarm/provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RestCall, RestClient } from './rest-client.ts';

let server: Server;
let port: number;
let proxy: ForwardProxy;
let isSilent: boolean;
/** The connection of each request. */
let served: Socket[];
const open: RestClient[] = [];

beforeEach(async () => {
  isSilent = false;
  served = [];
  server = createServer((request, response) => {
    served.push(request.socket);
    if (!isSilent) response.end(request.url === '/text' ? 'plain' : '{"a": {"b": "c"}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  proxy = await startForwardProxy({ to: port, login: 'user:p%ss' });
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

function clientWith(proxies: Partial<Proxies> = {}): RestClient {
  const client = new RestClient({
    name: 'acme',
    clock: realClock,
    random: { next: () => 0.5 },
    events: new EventBus<ProductEvent>(realClock),
    proxies: { http: undefined, https: undefined, noProxy: [], ...proxies },
  });
  open.push(client);
  return client;
}

function call(url: string, more: Partial<RestCall> = {}): RestCall {
  return {
    operation: 'read',
    server: 'acme',
    method: 'GET',
    url,
    errorOf: ({ status }) => (status === 200 ? null : new ProviderError('UNAVAILABLE', `status ${status}`)),
    signal: AbortSignal.timeout(10_000),
    ...more,
  };
}

test('a response is JSON, or a text if the call says so', async () => {
  const client = clientWith();
  expect((await client.send(call(`http://127.0.0.1:${port}/`))).body).toEqual({ a: { b: 'c' } });
  expect((await client.send(call(`http://127.0.0.1:${port}/text`))).body).toBeUndefined();
  expect((await client.send(call(`http://127.0.0.1:${port}/text`, { isText: true }))).body).toBe('plain');
});

test('a call goes through the proxy of its kind of address', async () => {
  const client = clientWith({ http: proxy.address });
  await client.send(call('http://acme.example/secret'));
  expect(proxy.asked.join()).toContain('acme.example');
});

test.for<[string, Partial<Proxies>, Partial<RestCall>]>([
  ['a host without a proxy', { noProxy: ['127.0.0.0/8'] }, {}],
  ['a metadata service', {}, { noProxy: true }],
])('%s is called directly', async ([_, proxies, more]) => {
  await clientWith({ http: proxy.address, ...proxies }).send(call(`http://127.0.0.1:${port}/`, more));
  expect(proxy.asked).toEqual([]);
});

test('a proxy that rejects the plugin fails the call, without its password in the error', async () => {
  const client = clientWith({ http: proxy.address.replace('user', 'other') });
  const error = await vaultErrorOf(client.send(call('http://acme.example/')));
  expect(error.code).toBe('UNAVAILABLE');
  expect(error.message).not.toContain('p%25ss');
});

test('after a call that got no byte, later calls open another connection', async () => {
  const client = clientWith();
  const address = `http://127.0.0.1:${port}/`;
  await Promise.all([client.send(call(address)), client.send(call(address))]);
  const before = new Set(served);
  isSilent = true;
  await vaultErrorOf(client.send(call(address, { signal: AbortSignal.timeout(400) })));
  isSilent = false;
  await client.send(call(address));
  expect(before).not.toContain(served.at(-1));
});

test('a certificate that is not trusted says what to do', async () => {
  const client = clientWith();
  const error = await vaultErrorOf(client.send(call(`https://127.0.0.1:${port}/`)));
  expect(error).toMatchObject({ code: 'UNAVAILABLE', isProven: false });
});
