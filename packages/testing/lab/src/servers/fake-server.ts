import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

/** A fault of a request. */
export type FakeFault =
  /** The response is this one. */
  | ({ readonly kind: 'reply' } & FakeReply)
  /** The connection is closed without a response. */
  | { readonly kind: 'reset' }
  /** There is no response. */
  | { readonly kind: 'hang' }
  /** The response arrives byte by byte, with this delay in between. */
  | { readonly kind: 'drip'; readonly intervalMs: number }
  /** The response never ends. */
  | { readonly kind: 'huge' };

/** Which requests get a fault: all, or those of one operation; always, or a limited number of times. */
export interface FakeFaultRule {
  readonly fault: FakeFault;
  readonly operation?: string;
  readonly times?: number;
}

/** The requests so far. */
export interface FakeCounts {
  readonly calls: number;
  readonly byOperation: Readonly<Record<string, number>>;
  /** The size of all bodies in both directions. */
  readonly bytes: number;
}

/** A request to a fake. */
export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The response of a fake: a JSON object, or text. */
export interface FakeReply {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a fake answers. */
export interface FakeService {
  /** The name of a request for counts and fault rules. */
  operationOf(request: FakeRequest): string;
  answer(request: FakeRequest): FakeReply;
}

/** A running fake. */
export interface FakeServer {
  readonly endpoint: string;
  /** Injects a fault into matching requests. The returned function ends it. */
  disturb(rule: FakeFaultRule): () => void;
  counts(): FakeCounts;
  resetCounts(): void;
  stop(): Promise<void>;
}

/** Starts an HTTP server with a fake service on a free port of 127.0.0.1, in this process. */
export async function startFakeServer(service: FakeService): Promise<FakeServer> {
  const rules = new Set<{ readonly rule: FakeFaultRule; left: number }>();
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

  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    const { method = 'GET', headers } = incoming;
    const request = { method, headers, body, url: new URL(incoming.url ?? '/', `http://${headers.host}`) };
    const operation = service.operationOf(request);
    counts.calls += 1;
    counts.byOperation.set(operation, (counts.byOperation.get(operation) ?? 0) + 1);
    const fault = faultOf(operation);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'huge') {
      sendForever(response);
      return;
    }
    const reply = fault?.kind === 'reply' ? fault : service.answer(request);
    const isText = typeof reply.body === 'string';
    const bytes = Buffer.from(isText ? (reply.body as string) : JSON.stringify(reply.body));
    counts.bytes += body.length + bytes.length;
    response.writeHead(reply.status, {
      'content-type': isText ? 'text/plain' : 'application/json; charset=utf-8',
      'content-length': String(bytes.length),
      ...reply.headers,
    });
    if (fault?.kind === 'drip') drip(response, bytes, fault.intervalMs);
    else response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake listens on no port');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    disturb(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.add(entry);
      return () => rules.delete(entry);
    },
    counts: () => ({ ...counts, byOperation: Object.fromEntries(counts.byOperation) }),
    resetCounts() {
      counts = { calls: 0, byOperation: new Map(), bytes: 0 };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function drip(response: ServerResponse, bytes: Buffer, intervalMs: number): void {
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
