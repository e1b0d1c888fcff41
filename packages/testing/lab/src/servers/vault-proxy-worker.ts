// The thread of a Vault proxy: see vault-proxy.ts.
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { FaultRule, ProxyOrder, ReplicaState, VaultProxyCounts } from './vault-proxy.ts';
import { kvLocationOf, metadataAt, versionAt } from './vault-replica.ts';

interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const options = workerData as { readonly target: string; readonly latencyMs: number };
const target = new URL(options.target);
const agent = new Agent({ keepAlive: true });
let latencyMs = options.latencyMs;
let rules: { readonly rule: FaultRule; left: number }[] = [];
const nothing = { requests: 0, connections: 0, logins: 0, valueReads: 0, bytes: 0 };
let seen = { ...nothing };
const byPath = new Map<string, number>();
/** The number of requests that matched each alternating rule. */
const alternating = new Map<FaultRule, number>();

// Vault keeps idle connections for minutes. If the proxy closed them, the count of connections would be too high.
const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (asked, answer) => {
  const { method = 'GET', url = '/' } = asked;
  const path = url.replace(/^\/v1\//, '');
  count(method, path);
  asked.on('data', (chunk: Buffer) => {
    seen.bytes += chunk.length;
  });
  const met = rules.find(({ rule, left }) => left > 0 && matches(rule.match, method, path));
  if (met !== undefined) met.left -= 1;
  const rule = met?.rule;
  switch (rule?.kind) {
    case undefined:
      return void forward(asked, answer, (given) => after(latencyMs, () => send(answer, given)));
    case 'hang':
      asked.resume();
      return;
    case 'cut':
      asked.socket.resetAndDestroy();
      return;
    case 'behind': {
      const turn = alternating.get(rule) ?? 0;
      alternating.set(rule, turn + 1);
      const give = (given: Answer) => after(latencyMs, () => send(answer, given));
      if (rule.alternates === true && turn % 2 === 1) return void forward(asked, answer, give);
      return void answerBehind(asked, answer, rule.has, give);
    }
    case 'drip':
      return void forward(asked, answer, (given) => drip(answer, given, rule.intervalMs));
    case 'status': {
      asked.resume();
      const headers = ['Content-Type', 'application/json', ...Object.entries(rule.headers ?? {}).flat()];
      const body = Buffer.from(JSON.stringify(rule.body));
      after(latencyMs, () => send(answer, { status: rule.status, headers, body }));
    }
  }
});
server.on('connection', () => {
  seen.connections += 1;
});

function count(method: string, path: string): void {
  const [plain = ''] = path.split('?', 1);
  const key = `${method} ${plain}`;
  seen.requests += 1;
  byPath.set(key, (byPath.get(key) ?? 0) + 1);
  if (/^auth\/.+\/login(\/|$)/.test(plain)) seen.logins += 1;
  else if (method === 'GET' && !/^(sys|auth)\/|\/metadata\//.test(plain)) seen.valueReads += 1;
}

function matches(match: FaultRule['match'], method: string, path: string): boolean {
  return (match?.method ?? method) === method && (match?.path?.test(path) ?? true);
}

function after(ms: number, action: () => void): void {
  if (ms === 0) action();
  else setTimeout(action, ms);
}

/** Answers as Vault would have at that time: its metadata has the time of each version. */
function answerBehind(
  asked: IncomingMessage,
  answer: ServerResponse,
  has: ReplicaState,
  then: (given: Answer) => void,
): void {
  const location = kvLocationOf(asked.url ?? '');
  if (location === null) {
    forward(asked, answer, then);
    return;
  }
  const atMs = 'lagMs' in has ? Date.now() - has.lagMs : has.untilMs;
  const metadata = `/v1/${location.mount}/metadata/${location.path}`;
  forward(
    asked,
    answer,
    (given) => {
      const version = versionAt(given.body, atMs);
      const headers = ['Content-Type', 'application/json'];
      if (version === null || (location.version ?? 0) > version) {
        return then({ status: 404, headers, body: Buffer.from('{"errors":[]}') });
      }
      if (location.kind === 'metadata') return then({ status: 200, headers, body: metadataAt(given.body, version) });
      forward(asked, answer, then, location.at(location.version ?? version));
    },
    metadata,
  );
}

/** Forwards a request to Vault, to another path if one is given. If Vault is not reached, the client's connection is reset. */
function forward(
  asked: IncomingMessage,
  answer: ServerResponse,
  then: (given: Answer) => void,
  path = asked.url,
): void {
  const { connection: _, host: __, ...headers } = asked.headers;
  const { method } = asked;
  const cut = () => asked.socket.resetAndDestroy();
  const call = request({ host: target.hostname, port: target.port, agent, method, path, headers }, (given) => {
    const chunks: Buffer[] = [];
    given.on('data', (chunk: Buffer) => chunks.push(chunk));
    given.once('error', cut);
    given.once('end', () =>
      then({ status: given.statusCode ?? 502, headers: endToEndHeaders(given), body: Buffer.concat(chunks) }),
    );
  });
  call.once('error', cut);
  answer.once('close', () => {
    if (!answer.writableFinished) call.destroy();
  });
  asked.pipe(call);
}

/** Vault's headers, without those of its connection to the proxy. */
function endToEndHeaders({ rawHeaders }: IncomingMessage): string[] {
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!/^(connection|keep-alive|transfer-encoding|content-length)$/i.test(name)) kept.push(name, value);
  }
  return kept;
}

function send(answer: ServerResponse, { status, headers, body }: Answer): void {
  if (answer.destroyed) return;
  seen.bytes += body.length;
  answer.writeHead(status, [...headers, 'Content-Length', String(body.length)]).end(body);
}

function drip(answer: ServerResponse, { status, headers, body }: Answer, intervalMs: number): void {
  if (answer.destroyed) return;
  answer.writeHead(status, [...headers, 'Content-Length', String(body.length)]).flushHeaders();
  let at = 0;
  const timer = setInterval(() => {
    answer.write(body.subarray(at, at + 1));
    at += 1;
    seen.bytes += 1;
    if (at < body.length) return;
    clearInterval(timer);
    answer.end();
  }, intervalMs);
  answer.once('close', () => clearInterval(timer));
}

async function listen(port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function execute(order: ProxyOrder): Promise<VaultProxyCounts | undefined> {
  switch (order.kind) {
    case 'latency':
      latencyMs = order.ms;
      break;
    case 'faults':
      rules = order.rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
      break;
    case 'refuse':
      server.close();
      server.closeAllConnections();
      break;
    case 'accept':
      await listen(port);
      break;
    case 'counts':
      return { ...seen, byPath: Object.fromEntries(byPath) };
    case 'reset':
      seen = { ...nothing };
      byPath.clear();
  }
  return undefined;
}

parentPort?.on('message', async (order: ProxyOrder) => parentPort?.postMessage(await execute(order)));
const port = await listen(0);
parentPort?.postMessage(port);
