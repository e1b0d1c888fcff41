import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The number of connections, and how long a client may take to read a response that is not a stream. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly answerTimeoutMs: number;
}

interface Connection {
  readonly socket: Socket;
  hasAsked: boolean;
  /** The request that is being answered. */
  exchange: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly startedAtMs: number;
  } | null;
}

/**
 * Prevents slow clients from blocking others. If a new connection exceeds the limit, the least useful one is closed:
 * first one without a complete request, then an idle one, then one whose client does not read its response; the oldest
 * first. A health check sends its request at once, so it is always answered.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /**
   * By the client's address and port, because a TLS socket and its TCP socket are different objects. The oldest is
   * first.
   */
  readonly #open = new Map<string, Connection>();

  constructor(server: Server, limits: ConnectionLimits) {
    this.#limits = limits;
    server.on('connection', (socket: Socket) => this.#connected(socket));
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#asked(request, response),
    );
    server.on('listening', () => {
      const sweep = setInterval(() => this.#cutSlowReaders(), limits.answerTimeoutMs / 10);
      server.once('close', () => clearInterval(sweep));
    });
  }

  /** The responses in progress. */
  get inFlight(): readonly ServerResponse[] {
    return [...this.#open.values()].flatMap(({ exchange }) => (exchange === null ? [] : [exchange.response]));
  }

  #connected(socket: Socket): void {
    const key = keyOf(socket);
    if (this.#open.size >= this.#limits.maxConnections) {
      const dispensable = this.#mostDispensable();
      if (dispensable === null) {
        socket.destroy();
        return;
      }
      this.#open.delete(keyOf(dispensable.socket));
      dispensable.socket.destroy();
    }
    const connection: Connection = { socket, hasAsked: false, exchange: null };
    this.#open.set(key, connection);
    socket.once('close', () => {
      if (this.#open.get(key) === connection) this.#open.delete(key);
    });
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#open.get(keyOf(request.socket));
    if (connection === undefined) return;
    connection.exchange = { request, response, startedAtMs: performance.now() };
    response.once('close', () => {
      connection.hasAsked = true;
      if (connection.exchange?.response === response) connection.exchange = null;
    });
  }

  #mostDispensable(): Connection | null {
    const open = [...this.#open.values()];
    return (
      open.find(({ exchange, hasAsked }) => (exchange === null ? !hasAsked : !exchange.request.complete)) ??
      open.find(({ exchange }) => exchange === null) ??
      open.find(({ exchange }) => exchange?.response.writableEnded) ??
      null
    );
  }

  #cutSlowReaders(): void {
    const nowMs = performance.now();
    for (const { socket, exchange } of this.#open.values()) {
      if (exchange === null || !exchange.response.writableEnded) continue;
      if (nowMs - exchange.startedAtMs > this.#limits.answerTimeoutMs) socket.destroy();
    }
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
