import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
let answered = 0;

beforeEach(async () => {
  answered = 0;
  server = createServer((_request, response) => response.end(`answer ${++answered}`)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startTcpProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}/base`);
});
afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

const get = async (signal?: AbortSignal) => (await fetch(proxy.url, signal ? { signal } : {})).text();

test('passes everything on, with the path of the target', async () => {
  expect(proxy.url).toBe(`http://127.0.0.1:${proxy.port}/base`);
  expect(await get()).toBe('answer 1');
});

test('refuses connections in an outage, and works again on the same port', async () => {
  await get();
  await proxy.outage.start();
  await expect(get()).rejects.toThrow();
  await proxy.outage.end();
  expect(await get()).toBe('answer 2');
});

test('leaves requests unanswered, also on open connections', async () => {
  await get();
  await proxy.hang.start();
  const hanging = get();
  hanging.catch(() => {});
  const first = await Promise.race([hanging, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))]);
  expect({ first, answered }).toEqual({ first: 'nothing', answered: 1 });
  await proxy.hang.end();
  await expect(hanging).rejects.toThrow();
  expect(await get()).toBe('answer 2');
});

test('sends responses byte by byte, and none is complete', async () => {
  await proxy.drip.start();
  const controller = new AbortController();
  const dripping = get(controller.signal);
  dripping.catch(() => {});
  await expect.poll(() => answered).toBe(1);
  controller.abort();
  await expect(dripping).rejects.toThrow();
  await proxy.drip.end();
  expect(await get()).toBe('answer 2');
});

test('holds responses that the server has given, until they may pass', async () => {
  await proxy.hold.start();
  const done: string[] = [];
  const first = get().then((text) => done.push(text));
  await proxy.hold.held();
  expect({ answered, done }).toEqual({ answered: 1, done: [] });
  await proxy.hold.pass();
  await first;
  const second = get().then((text) => done.push(text));
  await proxy.hold.held();
  await proxy.hold.end();
  await second;
  expect(done).toEqual(['answer 1', 'answer 2']);
});
