import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import url from 'node:url';
import { format } from 'node:util';
import type { Clock } from '@vault-swarm/kernel';
import { certificateChain } from '@vault-swarm/lab';
import { Environment } from '@vault-swarm/provider';
import { AccessDenied } from '@vault-swarm/rotation';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDockerConfig } from './config.ts';
import { createDockerConnection, type DockerConnection, type DockerConnectionOptions } from './connection.ts';
import { DockerError, isOutOfSequence, isRefusal } from './docker-error.ts';
import { wholeText } from './json-stream.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const { signal } = new AbortController();

let directory: string;
let socketPath: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-'));
  socketPath = join(directory, 'docker.sock');
});

afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await rm(directory, { recursive: true, force: true });
});

function connect(options: Partial<DockerConnectionOptions> = {}): DockerConnection {
  const connection = createDockerConnection({ kind: 'unix', socketPath }, { clock, ...options });
  closing.push(() => connection.close());
  return connection;
}

/** What the modem prints with `DEBUG`, until the end of the test. */
function debugLines(namespace: string): readonly string[] {
  const lines: string[] = [];
  const dockerode = createRequire(createRequire(import.meta.url).resolve('dockerode'));
  const debug = createRequire(dockerode.resolve('docker-modem'))('debug');
  debug.enable(namespace);
  debug.log = (...parts: unknown[]) => lines.push(format(...parts));
  closing.push(() => {
    debug.disable();
    delete debug.log;
  });
  return lines;
}

/** An engine that does what the test says. */
async function engine(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  closing.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return server;
}

/** An engine that takes connections and never says a word; the sockets that it has. */
async function hangingEngine(): Promise<() => number> {
  const sockets = new Set<object>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket
      .on('close', () => sockets.delete(socket))
      .on('error', () => undefined)
      .resume();
  });
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return () => sockets.size;
}

describe('a call to the engine', () => {
  it('is made without a version, and with its query and body as JSON', async () => {
    const seen: unknown[] = [];
    await engine(async (request, response) => {
      seen.push([request.method, decodeURIComponent(request.url ?? ''), request.headers['content-type']]);
      seen.push(await wholeText(request));
      response.end('done');
    });
    const query = { version: 7, filters: { type: ['service'] } };
    const answer = await connect().call({ method: 'POST', path: '/x', query, body: { a: [1] }, signal }, wholeText);
    expect(answer).toBe('done');
    expect(seen).toEqual([['POST', '/x?version=7&filters={"type":["service"]}', 'application/json'], '{"a":[1]}']);
  });

  it('goes to the address that it was given, whatever DOCKER_HOST says', async () => {
    await engine((_, response) => response.end('here'));
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    try {
      expect(await connect().call({ method: 'GET', path: '/x', signal }, wholeText)).toBe('here');
    } finally {
      delete process.env.DOCKER_HOST;
    }
  });

  it.each(['127.0.0.1', 'localhost', '[::1]'])('goes to tcp://%s without a warning of Node', async (host) => {
    const parse = vi.spyOn(url, 'parse');
    const hosts: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      hosts.push(headers.host);
      response.end('here');
    });
    closing.push(
      () => parse.mockRestore(),
      () => server.close(),
      () => server.closeAllConnections(),
    );
    await new Promise<void>((resolve) => server.listen(0, host.replace(/[[\]]/g, ''), resolve));
    const address = `${host}:${(server.address() as AddressInfo).port}`;
    const read = () => '';
    const environment = new Environment({ DOCKER_HOST: `tcp://${address}` }, read);
    const connection = createDockerConnection(parseDockerConfig(environment, read), { clock });
    closing.push(() => connection.close());
    expect(await connection.call({ method: 'GET', path: '/x', query: { a: 1 }, signal }, wholeText)).toBe('here');
    expect(hosts).toEqual([address]);
    expect(parse).not.toHaveBeenCalled();
  });

  it.each(['rootFile', 'issuerFile', 'serverFile'] as const)(
    'goes to an engine with TLS that the %s of its certificate as ca.pem makes trusted',
    async (authority) => {
      const chain = certificateChain('IP:127.0.0.1');
      const server = createHttpsServer({ cert: chain.fullChain, key: chain.key }, (_, response) =>
        response.end('here'),
      );
      closing.push(
        chain.remove,
        () => server.close(),
        () => server.closeAllConnections(),
      );
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const files: Readonly<Record<string, string>> = {
        'certs/ca.pem': readFileSync(chain[authority], 'utf8'),
        'certs/cert.pem': chain.fullChain,
        'certs/key.pem': chain.key,
      };
      const read = (path: string) => files[path] ?? '';
      const variables = {
        DOCKER_HOST: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
        DOCKER_CERT_PATH: 'certs',
        DOCKER_TLS_VERIFY: '1',
      };
      const connection = createDockerConnection(parseDockerConfig(new Environment(variables, read), read), { clock });
      closing.push(() => connection.close());
      const lines = debugLines('modem');
      expect(await connection.call({ method: 'GET', path: '/x', signal }, wholeText)).toBe('here');
      expect(lines.join('')).toContain("path: '/x'");
      expect(lines.join('')).not.toContain('PRIVATE KEY');
    },
  );

  it('keeps its connections, a limited number of them', async () => {
    let connections = 0;
    const server = await engine((_, response) => setImmediate(() => response.end('{}')));
    server.on('connection', () => connections++);
    const connection = connect();
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 30 }, () => connection.call({ method: 'GET', path: '/x', signal }, wholeText)),
      );
    }
    expect(connections).toBe(8);
  });

  it('is rejected with status and reason', async () => {
    await engine((_, response) => response.writeHead(503).end('{"message":"not a manager"}\n'));
    const call = connect().call({ method: 'GET', path: '/x', signal }, wholeText);
    await expect(call).rejects.toMatchObject({ name: 'DockerError', status: 503 });
    await expect(call).rejects.toThrow(`unix://${socketPath} answered GET /x with 503: not a manager`);
  });

  it('says that there is no engine', async () => {
    const call = connect().call({ method: 'GET', path: '/x', signal }, wholeText);
    await expect(call).rejects.toThrow(DockerError);
    await expect(call).rejects.toThrow(
      /can't be reached: its socket does not exist, ENOENT; .*DOCKER_HOST.* \(GET \/x\)/,
    );
  });

  it.each(['GET', 'POST'] as const)(
    'has a deadline if a %s is never answered, and leaves no call behind',
    async (method) => {
      const openSockets = await hangingEngine();
      const connection = connect({ readDeadlineMs: 50, writeDeadlineMs: 80 });
      const calls = Array.from({ length: 20 }, () =>
        expect(connection.call({ method, path: '/x', body: { a: 1 }, signal }, wholeText)).rejects.toThrow(
          `did not answer ${method} /x within ${method === 'GET' ? 50 : 80} ms`,
        ),
      );
      await Promise.all(calls);
      // An idle connection may be kept for the next call.
      await expect.poll(openSockets).toBeLessThanOrEqual(1);
    },
  );

  it('has the same deadline for the body of an answer', async () => {
    await engine((_, response) => response.writeHead(200).write('{"a":'));
    const call = connect({ readDeadlineMs: 50 }).call({ method: 'GET', path: '/x', signal }, wholeText);
    await expect(call).rejects.toThrow(/within 50 ms/);
  });

  it('is rejected at once if the connection breaks in the middle of an answer', async () => {
    await engine((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('{"a":', () => response.destroy());
    });
    await expect(connect().call({ method: 'GET', path: '/x', signal }, wholeText)).rejects.toThrow(
      /closed the connection, ECONNRESET; check that the engine runs/,
    );
  });

  it('reads no more of an answer than the call allows, and ends its connection', async () => {
    let written = 0;
    const closed = Promise.withResolvers<void>();
    await engine((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) written += 1;
      };
      response.on('drain', more).on('close', closed.resolve);
      more();
    });
    const call = connect().call({ method: 'GET', path: '/x', maxBytes: 1_000_000, signal }, wholeText);
    await expect(call).rejects.toThrow(/to GET \/x can't be read: it is larger than 1000000 bytes/);
    await closed.promise;
    expect(written * 64 * 1024).toBeLessThan(64_000_000);
  });

  it('keeps the status of an error whose reason is too long to be read', async () => {
    await engine((_, response) => response.writeHead(500).end(Buffer.alloc(1_000_000, 'x')));
    const call = connect().call({ method: 'GET', path: '/x', signal }, wholeText);
    await expect(call).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining("its reason can't be read"),
    });
  });

  it('ends with its signal', async () => {
    const openSockets = await hangingEngine();
    const abort = new AbortController();
    const call = connect().call({ method: 'GET', path: '/x', signal: abort.signal }, wholeText);
    await expect.poll(openSockets).toBe(1);
    abort.abort(new Error('stopping'));
    await expect(call).rejects.toThrow('stopping');
    await expect.poll(openSockets).toBe(0);
    await expect(connect().call({ method: 'GET', path: '/x', signal: abort.signal }, wholeText)).rejects.toThrow(
      'stopping',
    );
  });
});

describe('an answer without an end', () => {
  it('lives on after the deadline of its start, until its signal', async () => {
    let more: (text: string) => void = () => undefined;
    await engine((_, response) => {
      response.writeHead(200).flushHeaders();
      more = (text) => response.write(text);
    });
    const abort = new AbortController();
    const stream = await connect({ readDeadlineMs: 300 }).open({
      method: 'GET',
      path: '/events',
      signal: abort.signal,
    });
    const chunks = stream[Symbol.asyncIterator]();
    const first = chunks.next();
    await new Promise((resolve) => setTimeout(resolve, 350));
    more('one');
    expect((await first).value.toString()).toBe('one');
    const second = chunks.next();
    abort.abort();
    await expect(second).rejects.toThrow();
  });

  it('has a deadline for its start', async () => {
    const openSockets = await hangingEngine();
    const opening = connect({ readDeadlineMs: 30 }).open({ method: 'GET', path: '/events', signal });
    await expect(opening).rejects.toThrow('did not answer GET /events within 30 ms');
    await expect.poll(openSockets).toBe(0);
  });

  it('shows the start of a long reason, and knows all of it', async () => {
    await engine((_request, response) => {
      response.writeHead(500).end(JSON.stringify({ message: `${'a'.repeat(30_000)}\n update out of sequence` }));
    });
    const error = await connect()
      .call({ method: 'GET', path: '/info', signal }, wholeText)
      .catch((reason: unknown) => reason);
    if (!(error instanceof DockerError)) throw new Error('another error');
    expect(error.message).toMatch(/ answered GET \/info with 500: a+… \(\d+ characters\)$/);
    expect(error.message.length).toBeLessThan(400);
    expect(isOutOfSequence(error)).toBe(true);
  });
});

it('tells a request that a filter refuses from a Docker that does not answer', async () => {
  await engine((_request, response) => response.writeHead(403).end('Forbidden by the proxy'));
  const error = await connect()
    .call({ method: 'GET', path: '/secrets', signal }, wholeText)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AccessDenied);
  expect(isRefusal(error)).toBe(true);
  expect(String(error)).toMatch(
    /answered GET \/secrets with 403: Forbidden by the proxy; allow it in the proxy that filters/,
  );
});
