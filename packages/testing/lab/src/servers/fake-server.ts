import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';

/** A fault of a request. */
export type FakeFault =
  /** The response is this one. */
  | FakeReply
  /** The connection is closed without a response. */
  | { readonly kind: 'reset' }
  /** There is no response. */
  | { readonly kind: 'hang' }
  /** The response arrives byte by byte, with this delay in between. */
  | { readonly kind: 'drip'; readonly intervalMs: number }
  /** The response never ends. */
  | { readonly kind: 'endless' }
  /** The response is text that is not HTTP. */
  | { readonly kind: 'garbage' };

/** Which requests get a fault: all, or those of one operation; always, or a limited number of times. */
export interface FakeFaultRule {
  readonly fault: FakeFault;
  readonly operation?: string;
  readonly times?: number;
}

/** The requests so far. */
interface FakeCounts {
  readonly calls: number;
  readonly byOperation: Readonly<Record<string, number>>;
  /** The size of all bodies in both directions. */
  readonly bytes: number;
}

/** A request to a fake. */
export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  /** The path as sent, without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The response of a fake. An object is sent as JSON. */
export interface FakeReply {
  readonly status: number;
  readonly body?: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a fake answers. */
export interface FakeService {
  /** The name of a request for counts and fault rules: by default the method. */
  operationOf?(request: FakeRequest): string;
  answer(request: FakeRequest): FakeReply;
}

/** A running fake. */
export interface FakeServer {
  readonly endpoint: string;
  /** The requests since the start, or since {@link resetCounts}. */
  readonly requests: readonly FakeRequest[];
  /** Injects a fault into matching requests. The returned function ends it. */
  disturb(rule: FakeFaultRule): () => void;
  /** Ends all faults. */
  recover(): void;
  counts(): FakeCounts;
  /** Also forgets the requests. */
  resetCounts(): void;
  stop(): Promise<void>;
}

/**
 * Starts an HTTP server with a fake service on a free port of 127.0.0.1, in this process.
 *
 * @param tls its certificate; without it, it speaks HTTP.
 */
export async function startFakeServer(service: FakeService, tls?: ServerOptions): Promise<FakeServer> {
  const rules = new Set<{ readonly rule: FakeFaultRule; left: number }>();
  const requests: FakeRequest[] = [];
  let counts = { calls: 0, byOperation: new Map<string, number>(), bytes: 0 };

  const faultOf = (operation: string): FakeFault | undefined => {
    for (const entry of rules) {
      if (entry.rule.operation !== undefined && entry.rule.operation !== operation) continue;
      if (entry.left <= 0) continue;
      entry.left -= 1;
      return entry.rule.fault;
    }
    return undefined;
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    const { method = 'GET', url: sent = '/', headers } = incoming;
    const url = new URL(sent, `http://${headers.host}`);
    const request = { method, headers, body, url, path: sent.split('?', 1)[0] ?? '' };
    requests.push(request);
    const operation = service.operationOf?.(request) ?? method;
    counts.calls += 1;
    counts.byOperation.set(operation, (counts.byOperation.get(operation) ?? 0) + 1);
    const fault = faultOf(operation);
    if (fault !== undefined && 'kind' in fault && fault.kind !== 'drip') {
      failAs(fault.kind, response);
      return;
    }
    const reply = fault !== undefined && 'status' in fault ? fault : service.answer(request);
    const { type, bytes } = contentOf(reply.body);
    counts.bytes += body.length + bytes.length;
    response.writeHead(reply.status, {
      ...(type === undefined ? {} : { 'content-type': type, 'content-length': String(bytes.length) }),
      ...reply.headers,
    });
    if (fault !== undefined && 'kind' in fault) drip(response, bytes, fault.intervalMs);
    else response.end(method === 'HEAD' ? undefined : bytes);
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake listens on no port');

  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    requests,
    disturb(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.add(entry);
      return () => rules.delete(entry);
    },
    recover: () => rules.clear(),
    counts: () => ({ ...counts, byOperation: Object.fromEntries(counts.byOperation) }),
    resetCounts() {
      requests.length = 0;
      counts = { calls: 0, byOperation: new Map(), bytes: 0 };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A response of JSON: an object, or its text. */
export function jsonReply(
  status: number,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): FakeReply {
  return { status, body, headers: { 'content-type': 'application/json', ...headers } };
}

/** The bytes of a body, and their type if there are any. */
function contentOf(body: FakeReply['body']): { readonly type: string | undefined; readonly bytes: Uint8Array } {
  if (body === undefined) return { type: undefined, bytes: new Uint8Array() };
  if (body instanceof Uint8Array) return { type: 'application/octet-stream', bytes: body };
  if (typeof body === 'string') return { type: 'text/plain', bytes: Buffer.from(body) };
  return { type: 'application/json; charset=utf-8', bytes: Buffer.from(JSON.stringify(body)) };
}

function failAs(kind: 'hang' | 'reset' | 'garbage' | 'endless', response: ServerResponse): void {
  switch (kind) {
    case 'hang':
      break;
    case 'reset':
      response.destroy();
      break;
    case 'garbage':
      response.socket?.end('this is not HTTP\r\n\r\n');
      break;
    case 'endless':
      sendForever(response);
      break;
  }
}

function drip(response: ServerResponse, bytes: Uint8Array, intervalMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent >= bytes.length) response.end();
    else response.write(bytes.subarray(sent, ++sent));
  }, intervalMs);
  response.once('close', () => clearInterval(timer));
}

function sendForever(response: ServerResponse): void {
  const part = Buffer.alloc(64 * 1024, '"x",');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('[');
  const more = () => {
    while (!response.destroyed && response.write(part));
  };
  response.on('drain', more);
  more();
}
