import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SecretSource } from '@vault-swarm/delivery';
import { type Clock, displayText, type Emitter } from '@vault-swarm/kernel';
import { AnswerDeadlines } from './answer-deadlines.ts';
import type { DriverEvent } from './driver-events.ts';
import { headOf, type Refusal, refusalOf, STRANGE_METHOD } from './parse-errors.ts';
import { readBody } from './request-body.ts';
import { RequestQueue } from './request-queue.ts';
import { BrokenBody, parseSecretRequest } from './secret-request.ts';
import { encodeErrorResponse, encodeValueResponse } from './secret-response.ts';
import { SocketListener } from './socket-listener.ts';

/** The dependencies of a driver's server. */
export interface DriverServerOptions {
  /** Where the engine looks for the driver. A missing directory is created. */
  readonly socketPath: string;
  readonly source: SecretSource;
  readonly events: Emitter<DriverEvent>;
  readonly clock: Clock;
  /**
   * What `GET /livez` reports about this process, so that a health check recognises its own plugin; by default
   * nothing.
   */
  readonly processNamespace?: string | null;
  /**
   * If set, the socket of another process that answers is taken over when this returns true (this process is ready) or
   * the other process no longer answers.
   */
  readonly takeOverWhen?: () => boolean;
}

/** The secret driver's socket. */
export interface DriverServer {
  /**
   * Whether the socket's public path leads to this process. It does not before a takeover, or after another process
   * took over.
   */
  readonly serves: boolean;
  /**
   * Resolves when the socket listens on its public path, or waits to take it over from another process.
   * Afterwards, if the path leads to no process, this process publishes its socket again. Call it once.
   * @throws {SocketInUse} if another process answers there and must not be replaced.
   * @throws {SocketUnusable} if the path can't be used; the message says why.
   */
  listen(): Promise<void>;
  /**
   * Removes the socket and accepts no more requests. Resolves when requests in flight are answered. Aborting `signal`
   * aborts them. May be called more than once.
   */
  close(options?: { signal?: AbortSignal }): Promise<void>;
}

interface Route {
  readonly method: 'GET' | 'POST';
  /** `receivedAtMs`: when the request started to arrive, in monotonic milliseconds. */
  answer(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Promise<void>;
}

/** The timeout of a request, and of its head. The engine is on the same machine. */
const REQUEST_DEADLINE_MS = 10_000;
const HEAD_DEADLINE_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
/** The engine uses two connections at the same time. */
const MAX_CONNECTIONS = 512;
/** How long the body of a rejected request is still read and discarded, so that the client can read our response. */
const LINGER_MS = 1_000;
/** How long after the connection is made a request may arrive. */
const LAST_REQUEST_MS = 50;
const CONTENT_TYPE = 'application/vnd.docker.plugins.v1.1+json';

/** Creates the server. It does nothing before `listen`. */
export function createDriverServer(options: DriverServerOptions): DriverServer {
  return new SocketDriverServer(options);
}

class SocketDriverServer implements DriverServer {
  readonly #options: DriverServerOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #queues = new WeakMap<Duplex, RequestQueue>();
  readonly #deadlines: AnswerDeadlines;
  readonly #socket: SocketListener;
  /** More than one if the public path was lost and published again: earlier connections are still served. */
  readonly #servers = new Set<Server>();
  #closing: Promise<void> | undefined;

  constructor(options: DriverServerOptions) {
    const { socketPath, clock, events, takeOverWhen } = options;
    this.#options = options;
    this.#deadlines = new AnswerDeadlines(clock);
    this.#routes = new Map<string, Route>([
      ['/Plugin.Activate', { method: 'POST', answer: (_request, response) => this.#activate(response) }],
      ['/SecretProvider.GetSecret', { method: 'POST', answer: (...call) => this.#getSecret(...call) }],
      // Not part of the engine's protocol: health checks use it.
      ['/livez', { method: 'GET', answer: (_request, response) => this.#sayLive(response) }],
    ]);
    const makeServer = () => this.#makeServer();
    this.#socket = new SocketListener({ socketPath, clock, events, takeOverWhen, makeServer });
  }

  get serves(): boolean {
    return this.#socket.isOurs;
  }

  listen(): Promise<void> {
    return this.#socket.publish();
  }

  close(options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    const { signal } = options;
    const cut = () => {
      for (const server of this.#servers) server.closeAllConnections();
    };
    if (signal?.aborted === true) cut();
    signal?.addEventListener('abort', cut, { once: true });
    return this.#closing.finally(() => signal?.removeEventListener('abort', cut));
  }

  async #close(): Promise<void> {
    await this.#socket.release();
    // Clients that connected before the path was removed may wait to be accepted, or for their request to be read.
    await new Promise<void>((resolve) => void this.#options.clock.after(LAST_REQUEST_MS, resolve));
    // On a busy machine, the time may pass before arrived data was handled. Accept, read and parse take one turn of the
    // event loop each.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    const closed = [...this.#servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    await Promise.all(closed);
    this.#deadlines.close();
  }

  #makeServer(): Server {
    const server = createServer(
      {
        // Docker 20.10 sends an empty Host header, and other clients may send none.
        requireHostHeader: false,
        requestTimeout: REQUEST_DEADLINE_MS,
        headersTimeout: HEAD_DEADLINE_MS,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        // Connections have no idle timeout. If the engine's request meets a closing connection, it retries with an
        // empty body and its task fails.
        keepAliveTimeout: 0,
      },
      (request, response) => {
        const receivedAtMs = this.#options.clock.monotonic();
        this.#queueOf(request.socket).next(() => this.#handle(request, response, receivedAtMs));
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.on('checkExpectation', (request, response) =>
      this.#queueOf(request.socket).next(() =>
        this.#refuse(request, response, 417, 'only "100-continue" is supported in the Expect header'),
      ),
    );
    server.on('clientError', (error: Error, socket) => this.#onClientError(error, socket));
    server.on('connect', (_request, socket) => this.#rejectUnparsed(STRANGE_METHOD, socket));
    this.#servers.add(server);
    return server;
  }

  #queueOf(socket: Duplex): RequestQueue {
    let queues = this.#queues.get(socket);
    if (queues === undefined) {
      queues = new RequestQueue(socket);
      this.#queues.set(socket, queues);
    }
    return queues;
  }

  async #handle(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Promise<void> {
    try {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const route = this.#routes.get(path);
      if (route === undefined) {
        const shown = displayText(path);
        await this.#refuse(request, response, 404, `there is no ${shown}; this is a secret driver of Docker Swarm`);
      } else if (request.method !== route.method) {
        response.setHeader('Allow', route.method);
        await this.#refuse(request, response, 405, `${path} requires ${route.method}, not ${request.method}`);
      } else await route.answer(request, response, receivedAtMs);
    } catch (error) {
      // Only our own faults get here. The engine must get a response. The error's text may contain a value, so it is
      // not sent.
      if (response.headersSent) response.destroy();
      else
        await this.#refuse(
          request,
          response,
          500,
          `internal error (${error instanceof Error ? error.name : typeof error})`,
        );
    }
  }

  async #activate(response: ServerResponse): Promise<void> {
    await this.#send(response, 200, Buffer.from('{"Implements":["secretprovider"]}'));
  }

  async #sayLive(response: ServerResponse): Promise<void> {
    const answer = { live: this.serves, process_namespace: this.#options.processNamespace ?? null };
    await this.#send(response, answer.live ? 200 : 503, Buffer.from(JSON.stringify(answer)));
  }

  async #getSecret(request: IncomingMessage, response: ServerResponse, receivedAtMs: number): Promise<void> {
    const body = await readBody(request, this.#queueOf(request.socket).broken);
    if (body.kind === 'aborted') return;
    if (body.kind === 'too-long') {
      return this.#refuse(request, response, 413, 'the body is longer than 1 MiB');
    }
    let secretRequest: ReturnType<typeof parseSecretRequest>;
    try {
      secretRequest = parseSecretRequest(body.bytes);
    } catch (error) {
      if (!(error instanceof BrokenBody)) throw error;
      return this.#refuse(request, response, 400, error.message);
    }
    const answer = await this.#options.source.get(secretRequest, receivedAtMs);
    if (answer.kind === 'refused') await this.#send(response, 200, encodeErrorResponse(answer.message));
    else {
      const encoded = encodeValueResponse(answer.value.reveal());
      answer.value.wipe();
      await this.#send(response, 200, encoded);
      encoded.fill(0);
    }
  }

  /** Resolves when the body is no longer needed: the system has it, or the connection is gone. */
  async #send(response: ServerResponse, status: number, body: Buffer): Promise<void> {
    if (response.destroyed) return;
    const closed = this.#deadlines.closed(response);
    this.#writeHead(response, status, body);
    response.end(body);
    await closed;
  }

  /**
   * Answers a request that may be incomplete. Closing a socket with unread data would discard our response. So the
   * response is completed at once, and the rest of the body is discarded until the client stops or the time is over.
   */
  async #refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): Promise<void> {
    this.#options.events.emit({ type: 'driver.request-rejected', status, message });
    const body = encodeErrorResponse(message);
    if (request.complete || response.destroyed) return this.#send(response, status, body);
    const closed = this.#deadlines.closed(response);
    response.setHeader('Connection', 'close');
    this.#writeHead(response, status, body);
    response.write(body);
    const cancel = this.#options.clock.after(LINGER_MS, () => response.end());
    request.once('end', () => response.end()).once('error', () => undefined);
    this.#queueOf(request.socket).broken.addEventListener('abort', () => response.end(), { once: true });
    request.resume();
    await closed;
    cancel();
  }

  #writeHead(response: ServerResponse, status: number, body: Buffer): void {
    // The client's next request goes to the process that serves then.
    if (this.#closing !== undefined || !this.serves) response.setHeader('Connection', 'close');
    response.writeHead(status, { 'Content-Type': CONTENT_TYPE, 'Content-Length': body.byteLength });
  }

  /** Answers requests that Node's parser rejects or that did not arrive in time. */
  #onClientError(error: Error, socket: Duplex): void {
    if (('code' in error && error.code === 'ECONNRESET') || !socket.writable) socket.destroy();
    else this.#rejectUnparsed(refusalOf(error), socket);
  }

  #rejectUnparsed(refusal: Refusal, socket: Duplex): void {
    const { status, message } = refusal;
    const body = encodeErrorResponse(message);
    const head = headOf(refusal, CONTENT_TYPE, body.byteLength);
    this.#queueOf(socket).break(() => {
      this.#options.events.emit({ type: 'driver.request-rejected', status, message });
      socket.end(Buffer.concat([Buffer.from(head), body]), () => socket.destroy());
    });
  }
}
