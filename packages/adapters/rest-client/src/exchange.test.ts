import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { exchange } from './exchange.ts';

const servers: Server[] = [];
const agents: Agent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A client with one connection to a server that answers so. `parse` keeps the bytes that it got. */
async function clientOf(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const agent = new Agent({ connections: 1 });
  agents.push(agent);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const seen: Uint8Array[] = [];
  const answered = vi.fn();
  const parse = (bytes: Uint8Array): string => {
    seen.push(bytes);
    return Buffer.from(bytes).toString();
  };
  const get = (signal = new AbortController().signal, read: (bytes: Uint8Array) => unknown = parse) =>
    exchange(agent, { origin, path: '/', method: 'GET' }, { signal, answered, parse: read });
  return { get, seen, answered };
}

const isWiped = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

test('gives the status, the headers and the whole body, whose bytes are zeros afterwards', async () => {
  for (const parts of [[], ['one'], ['one', 'two', 'three']]) {
    const { get, seen, answered } = await clientOf(async (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(418, { 'X-Kind': 'teapot' });
      for (const part of parts) await new Promise((sent) => response.write(part, sent));
      response.end();
    });
    const { status, headers, body } = await get();
    expect([status, headers['x-kind'], body]).toEqual([418, 'teapot', parts.join('')]);
    expect(answered).toHaveBeenCalledOnce();
    expect(seen.map(isWiped)).toEqual([true]);
  }
});

test('rejects with what parse throws; the bytes are zeros afterwards', async () => {
  const { get } = await clientOf((_request, response) => response.end('{'));
  let bytes: Uint8Array = Buffer.alloc(0);
  const reading = get(undefined, (given) => {
    bytes = given;
    throw new Error('no JSON');
  });
  await expect(reading).rejects.toThrow('no JSON');
  expect([bytes.length, isWiped(bytes)]).toEqual([1, true]);
});

test('rejects if the response breaks off', async () => {
  const { get, seen, answered } = await clientOf((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('half of a value', () => response.destroy());
  });
  await expect(get()).rejects.toThrow(/closed/);
  expect(answered).toHaveBeenCalledOnce();
  expect(seen).toEqual([]);
});

test('rejects with the reason if it is aborted: before the response, within it, and before it was sent', async () => {
  let requests = 0;
  const { get, answered } = await clientOf((_request, response) => {
    requests += 1;
    if (requests === 2) response.write('half of a value');
    if (requests === 3) response.end('all');
  });
  const silent = new AbortController();
  const waiting = get(silent.signal);
  await vi.waitUntil(() => requests === 1);
  const unsent = new AbortController();
  const second = get(unsent.signal);
  unsent.abort(new Error('not needed'));
  silent.abort(new Error('silent'));
  await expect(waiting).rejects.toThrow('silent');
  await expect(second).rejects.toThrow('not needed');
  expect([requests, answered.mock.calls.length]).toEqual([1, 0]);

  const slow = new AbortController();
  answered.mockImplementationOnce(() => slow.abort(new Error('slow')));
  await expect(get(slow.signal)).rejects.toThrow('slow');
  await expect(get()).resolves.toMatchObject({ body: 'all' });
  expect(requests).toBe(3);
});

/** A response in these parts, which breaks off if there is an error. */
function responseOf(parts: readonly Buffer[], error?: Error): Dispatcher {
  const controller = {} as Dispatcher.DispatchController;
  const dispatch: Dispatcher['dispatch'] = (_request, handler) => {
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, 200, {});
    for (const part of parts) handler.onResponseData?.(controller, part);
    if (error === undefined) handler.onResponseEnd?.(controller, {});
    else handler.onResponseError?.(controller, error);
    return true;
  };
  return { dispatch } as Dispatcher;
}

test('the buffers in which a body came are zeros afterwards, also if it breaks off', async () => {
  for (const [texts, error] of [
    [['one'], undefined],
    [['one', 'two'], undefined],
    [['half of a value', 'more'], new Error('cut')],
  ] as const) {
    const parts = texts.map((text) => Buffer.from(text));
    const options = {
      signal: new AbortController().signal,
      answered: () => {},
      parse: (bytes: Uint8Array) => bytes.length,
    };
    const reading = exchange(responseOf(parts, error), { path: '/', method: 'GET' }, options);
    if (error === undefined) expect((await reading).body).toBe(texts.join('').length);
    else await expect(reading).rejects.toThrow('cut');
    expect(parts.every(isWiped)).toBe(true);
  }
});
