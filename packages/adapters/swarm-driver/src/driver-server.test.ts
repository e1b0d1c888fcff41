import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecretRequest, SecretResponse } from '@vault-swarm/delivery';
import type { Clock } from '@vault-swarm/kernel';
import { SecretValue } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverEvent } from './driver-events.ts';
import { createDriverServer, type DriverServer } from './driver-server.ts';
import { SocketInUse } from './socket-lock.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A source that gives this value. */
const gives = (text: string) => async (): Promise<SecretResponse> => ({
  kind: 'value',
  value: SecretValue.fromText(text),
  revision: '1',
});

let directory: string;
let socketPath: string;
let driver: DriverServer;
let events: DriverEvent[];
let requests: SecretRequest[];
let receivedAtMs: (number | undefined)[];
let answer: () => Promise<SecretResponse>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'driver-'));
  socketPath = join(directory, 'plugin.sock');
  events = [];
  requests = [];
  answer = gives('s3cret');
  receivedAtMs = [];
  driver = makeDriver();
  await driver.listen();
});

afterEach(async () => {
  const cutOff = new AbortController();
  cutOff.abort();
  await driver.close({ signal: cutOff.signal });
  await rm(directory, { recursive: true, force: true });
});

function makeDriver(): DriverServer {
  const source = {
    get: (request: SecretRequest, at?: number) => {
      requests.push(request);
      receivedAtMs.push(at);
      return answer();
    },
  };
  return createDriverServer({
    socketPath,
    source,
    events: { emit: (event) => events.push(event) },
    clock,
    processNamespace: 'pid:[7]',
  });
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: unknown;
}

async function call(path: string, body: string | Buffer = '', options: RequestOptions = {}): Promise<Reply> {
  const request = httpRequest({ socketPath, path, method: 'POST', ...options });
  const response = new Promise<Reply>((resolve, reject) => {
    request.once('error', reject).once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .once('error', reject)
        .once('end', () => {
          const json: unknown = JSON.parse(Buffer.concat(chunks).toString());
          resolve({ status: incoming.statusCode, headers: incoming.headers, json });
        });
    });
  });
  request.end(body);
  return response;
}

/** What the server says to bytes that need not be HTTP. */
async function callRaw(...pieces: string[]): Promise<string> {
  const socket = connect(socketPath);
  for (const piece of pieces) socket.write(piece);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const getSecret = '/SecretProvider.GetSecret';

describe("the secret driver's socket", () => {
  it('says where it listens, and what it is', async () => {
    expect(events).toEqual([{ type: 'driver.listening', socket: socketPath }]);
    const { status, json } = await call('/Plugin.Activate');
    expect([status, json]).toEqual([200, { Implements: ['secretprovider'] }]);
  });

  it('says to health checks that it serves, and in which namespace', async () => {
    const { status, json } = await call('/livez', '', { method: 'GET' });
    expect([status, json]).toEqual([200, { live: true, process_namespace: 'pid:[7]' }]);
    expect((await call('/livez')).status).toBe(405);
  });

  it('gives the value, to be used once', async () => {
    const { status, json } = await call(getSecret, '{"SecretName":"db","ServiceName":"api"}');
    expect(status).toBe(200);
    expect(json).toEqual({ Value: Buffer.from('s3cret').toString('base64'), DoNotReuse: true });
    expect(requests).toEqual([{ secretName: 'db', serviceName: 'api', labels: {} }]);
  });

  it.each([
    ['at once', 0],
    ['late', 20],
  ])('reads a body in several chunks that arrive %s', async (_, delayMs) => {
    const head = `POST ${getSecret} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunks = ['{"Secret', 'Name":"d', 'b"}'].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
    const socket = connect(socketPath);
    socket.write(head + chunks[0] + (delayMs === 0 ? `${chunks[1]}${chunks[2]}0\r\n\r\n` : ''));
    if (delayMs > 0) clock.after(delayMs, () => socket.write(`${chunks[1]}${chunks[2]}0\r\n\r\n`));
    const received: Buffer[] = [];
    for await (const chunk of socket) received.push(chunk);
    expect(Buffer.concat(received).toString()).toContain('200 OK');
    expect(requests).toEqual([{ secretName: 'db', labels: {} }]);
  });

  it('wipes the value that it was given once it has encoded it', async () => {
    const bytes = Buffer.from('s3cret');
    answer = async () => ({ kind: 'value', value: new SecretValue(bytes), revision: '1' });
    const { json } = await call(getSecret, '{"SecretName":"db"}');
    expect(json).toMatchObject({ Value: Buffer.from('s3cret').toString('base64') });
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('counts the deadline of a request from its head, however long its body takes', async () => {
    const request = httpRequest({ socketPath, path: getSecret, method: 'POST', headers: { Expect: '100-continue' } });
    const beforeMs = performance.now();
    request.flushHeaders();
    // The head has been read.
    await once(request, 'continue');
    const afterMs = performance.now();
    request.end('{"SecretName":"db"}');
    const [response] = await once(request, 'response');
    response.resume();
    expect(receivedAtMs[0]).toBeGreaterThanOrEqual(beforeMs);
    expect(receivedAtMs[0]).toBeLessThanOrEqual(afterMs);
  });

  it('gives a value of 499 KiB, and the same again over the same connection', async () => {
    const value = Buffer.alloc(499 * 1024, 'a');
    answer = async () => ({ kind: 'value', value: new SecretValue(Buffer.from(value)), revision: '1' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 3; round++) {
      const { json } = await call(getSecret, '{"SecretName":"db"}', { agent });
      expect(json).toEqual({ Value: value.toString('base64'), DoNotReuse: true });
    }
    agent.destroy();
  });

  it('says why there is no value, with status 200', async () => {
    answer = async () => ({ kind: 'refused', code: 'NOT_FOUND', message: 'nothing at app/db' });
    const { status, json } = await call(getSecret, '{"SecretName":"db"}');
    expect([status, json]).toEqual([200, { Err: 'nothing at app/db', DoNotReuse: true }]);
  });

  it('takes a request as Docker 20.10 sends it: with an empty Host and no Content-Type', async () => {
    const body = '{"SecretName":"db"}';
    const head = `Content-Length: ${body.length}\r\nConnection: close\r\nAccept: application/vnd.docker.plugins.v1.2+json`;
    for (const host of ['Host: \r\n', 'Host: plugin.moby.localhost\r\n', '']) {
      const reply = await callRaw(`POST ${getSecret} HTTP/1.1\r\n${host}${head}\r\n\r\n${body}`);
      expect(reply).toMatch(/^HTTP\/1.1 200 /);
    }
  });

  it.each([
    ['a wrong path', '/GetSecret', 'POST', '{}', 404],
    ['a longer path', `${getSecret}/`, 'POST', '{}', 404],
    ['a wrong method', getSecret, 'GET', '', 405],
    ['a wrong method for the activation', '/Plugin.Activate', 'PUT', '{}', 405],
    ['an empty body', getSecret, 'POST', '', 400],
    ['a body that is not JSON', getSecret, 'POST', 'SecretName=db', 400],
    ['a field of a wrong type', getSecret, 'POST', '{"SecretName":1}', 400],
  ])('refuses %s', async (_, path, method, body, status) => {
    const reply = await call(path, body, { method });
    expect(reply.status).toBe(status);
    expect(reply.json).toEqual({ Err: expect.stringMatching(/\w{3}/), DoNotReuse: true });
    expect(reply.headers.allow).toBe(status === 405 ? 'POST' : undefined);
    expect(events.at(-1)).toMatchObject({ type: 'driver.request-rejected', status });
  });

  it('answers a body of more than 1 MiB with 413, announced or not, even if the client sends all of it first', async () => {
    const body = Buffer.alloc(30 * 1_048_576, ' ');
    for (const headers of [{ 'Content-Length': body.length }, { 'Transfer-Encoding': 'chunked' }]) {
      const reply = await call(getSecret, body, { headers });
      expect(reply.status).toBe(413);
      expect(reply.json).toMatchObject({ Err: expect.stringContaining('1 MiB') });
    }
    expect(requests).toEqual([]);
  });

  it('takes a body of exactly 1 MiB', async () => {
    const text = '{"SecretName":"db"}';
    const reply = await call(getSecret, text.padEnd(1_048_576, ' '));
    expect(reply.status).toBe(200);
    expect((await call(getSecret, text.padEnd(1_048_577, ' '))).status).toBe(413);
  });

  it('answers with 413 before a long body has arrived', async () => {
    const request = httpRequest({
      socketPath,
      path: getSecret,
      method: 'POST',
      headers: { 'Content-Length': 2 ** 30 },
    });
    request.on('error', () => undefined).flushHeaders();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it('answers what is not HTTP with 400', async () => {
    expect(await callRaw('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*\{"Err":/);
  });

  it.each(['CONNECT x:1', `BREW ${getSecret}`])('answers %s with 405, as every wrong method', async (line) => {
    expect(await callRaw(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 405 Method Not Allowed\r\nAllow: POST[\s\S]*\{"Err":/,
    );
  });

  it('answers others while a body never ends', async () => {
    const slow = connect(socketPath);
    slow.write(`POST ${getSecret} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`);
    await once(slow, 'connect');
    expect((await call(getSecret, '{"SecretName":"db"}')).status).toBe(200);
    slow.destroy();
  });

  it('answers requests that do not wait for each other in their order, then what is no HTTP, and closes', async () => {
    const one = `POST ${getSecret} HTTP/1.1\r\nContent-Length: 19\r\n\r\n{"SecretName":"db"}`;
    const reply = await callRaw(`${one}${one}nonsense\r\n\r\n`);
    expect(reply.match(/HTTP\/1.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('goes on when a client goes away before its answer', async () => {
    let release: (() => void) | undefined;
    const value = await answer();
    answer = () =>
      new Promise((resolve) => {
        release = () => resolve(value);
      });
    const request = httpRequest({ socketPath, path: getSecret, method: 'POST' });
    request.on('error', () => undefined).end('{"SecretName":"db"}');
    await expect.poll(() => release).toBeDefined();
    request.destroy();
    release?.();
    answer = gives('s3cret');
    expect((await call(getSecret, '{"SecretName":"db"}')).status).toBe(200);
  });

  it('answers 500 without its text if the source fails', async () => {
    answer = () => Promise.reject(new TypeError('s3cret'));
    const { status, json } = await call(getSecret, '{"SecretName":"db"}');
    expect([status, json]).toEqual([500, { Err: 'internal error (TypeError)', DoNotReuse: true }]);
  });
});

describe('closing the socket', () => {
  it('answers what is in progress, then resolves, and the socket is gone', async () => {
    let release: (() => void) | undefined;
    const value = await answer();
    answer = () =>
      new Promise((resolve) => {
        release = () => resolve(value);
      });
    const agent = new Agent({ keepAlive: true });
    const reply = call(getSecret, '{"SecretName":"db"}', { agent });
    await expect.poll(() => release).toBeDefined();
    let closed = false;
    const closing = driver.close().then(() => {
      closed = true;
    });
    await expect
      .poll(() =>
        access(socketPath).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');
    expect(closed).toBe(false);
    release?.();
    expect((await reply).status).toBe(200);
    await closing;
    agent.destroy();
  });

  it('answers clients that connected before it', async () => {
    const replies = Array.from({ length: 20 }, () => call(getSecret, '{"SecretName":"db"}'));
    await expect.poll(() => requests.length).toBeGreaterThan(0);
    const closing = driver.close();
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(200);
    await closing;
  });

  it('does not wait for idle connections, or for such as never said a word', async () => {
    const agent = new Agent({ keepAlive: true });
    await call(getSecret, '{"SecretName":"db"}', { agent });
    const silent = connect(socketPath);
    await once(silent, 'connect');
    await call(getSecret, '{"SecretName":"db"}');
    await driver.close();
    silent.destroy();
    agent.destroy();
  });

  it('closes connections that do not end in time', async () => {
    answer = () => new Promise(() => undefined);
    const reply = call(getSecret, '{"SecretName":"db"}');
    await expect.poll(() => requests.length).toBe(1);
    const cut = expect(reply).rejects.toThrow('socket hang up');
    const abort = new AbortController();
    const closing = driver.close({ signal: abort.signal });
    abort.abort();
    await closing;
    await cut;
  });

  it('lets a second server start on the path afterwards, but not before', async () => {
    const second = makeDriver();
    await expect(second.listen()).rejects.toThrow(SocketInUse);
    await driver.close();
    const third = makeDriver();
    await third.listen();
    expect((await call('/Plugin.Activate')).status).toBe(200);
    await third.close();
  });

  it('may be done twice, and before listening', async () => {
    await Promise.all([driver.close(), driver.close()]);
    await makeDriver().close();
  });
});
