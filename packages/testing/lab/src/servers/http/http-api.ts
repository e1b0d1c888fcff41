import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** A request as the API sees it. */
export interface ApiRequest {
  readonly method: string;
  /** The path as sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The response of an API. */
export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/**
 * How a server fails: it ends connections, leaves requests unanswered, answers byte by byte without an end, sends text
 * that is not HTTP, a body without an end, or always the same response.
 */
export type ApiFault = 'reset' | 'hang' | 'drip' | 'garbage' | 'endless' | ApiResponse;

/** An HTTP API for tests, in this process. */
export interface HttpApi {
  readonly url: string;
  /** All requests since the start, or since they were cleared. */
  readonly requests: ApiRequest[];
  /** Makes it fail; `null`: not any more. */
  fail(fault: ApiFault | null): void;
  stop(): Promise<void>;
}

const DRIP_MS = 50;

/** Starts an API that answers each request with `answer`. @param tls its certificate; without it, it speaks HTTP. */
export async function startHttpApi(
  answer: (request: ApiRequest) => ApiResponse,
  tls?: ServerOptions,
): Promise<HttpApi> {
  const requests: ApiRequest[] = [];
  let fault: ApiFault | null = null;
  const sockets = new Set<Socket>();
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.resume();
    const [path = '', query = ''] = (incoming.url ?? '').split('?', 2);
    const request = {
      method: incoming.method ?? '',
      path,
      query: new URLSearchParams(query),
      headers: incoming.headers,
    };
    requests.push(request);
    if (fault === null) send(outgoing, answer(request), request.method);
    else if (typeof fault === 'object') send(outgoing, fault, request.method);
    else failAs(fault, outgoing);
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    fail(next) {
      fault = next;
      if (next === 'reset') for (const socket of sockets) socket.destroy();
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A JSON response. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: text };
}

function send(outgoing: ServerResponse, { status, headers = {}, body = '' }: ApiResponse, method: string): void {
  outgoing.writeHead(status, headers);
  outgoing.end(method === 'HEAD' || status === 304 ? undefined : body);
}

function failAs(fault: Exclude<ApiFault, ApiResponse>, outgoing: ServerResponse): void {
  const { socket } = outgoing;
  switch (fault) {
    case 'reset':
      socket?.destroy();
      break;
    case 'garbage':
      socket?.end('this is not HTTP\r\n\r\n');
      break;
    case 'drip':
    case 'endless': {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.write('"');
      const part = fault === 'drip' ? 'x' : 'x'.repeat(256 * 1024);
      const timer = setInterval(() => outgoing.write(part), fault === 'drip' ? DRIP_MS : 1);
      outgoing.once('close', () => clearInterval(timer));
      break;
    }
    case 'hang':
      break;
  }
}
