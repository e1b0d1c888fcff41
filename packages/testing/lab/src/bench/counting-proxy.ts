import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

/** The requests to an engine with one method and path pattern. */
export interface CallCount {
  readonly calls: number;
  /** Requests with a status of 400 or more, or without a response. */
  readonly failed: number;
  /** The size of the response bodies. */
  readonly bytes: number;
}

/** A unix socket that forwards requests to an engine, and counts them. */
export interface CountingProxy {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** All calls since the last reset, by `METHOD /path/{id}`, the most frequent first. */
  counts(): Readonly<Record<string, CallCount>>;
  reset(): void;
  close(): void;
}

/** Starts a proxy on `socketPath` for the engine on `engineSocket`. It also forwards streams of events. */
export async function startCountingProxy(socketPath: string, engineSocket: string): Promise<CountingProxy> {
  const counts = new Map<string, CallCount>();
  const add = (pattern: string, more: Partial<CallCount>) => {
    const { calls, failed, bytes } = counts.get(pattern) ?? { calls: 0, failed: 0, bytes: 0 };
    counts.set(pattern, {
      calls: calls + (more.calls ?? 0),
      failed: failed + (more.failed ?? 0),
      bytes: bytes + (more.bytes ?? 0),
    });
  };
  const server = createServer((asked, answer) => {
    const { method = 'GET', url: path = '/', headers } = asked;
    const pattern = `${method} ${patternOf(path)}`;
    add(pattern, { calls: 1 });
    const call = request({ socketPath: engineSocket, method, path, headers }, (given) => {
      const { statusCode = 502 } = given;
      if (statusCode >= 400) add(pattern, { failed: 1 });
      answer.writeHead(statusCode, given.headers);
      answer.flushHeaders();
      given.on('data', (chunk: Buffer) => add(pattern, { bytes: chunk.length }));
      pipeline(given, answer, () => {});
    });
    call.once('error', () => {
      add(pattern, { failed: 1 });
      answer.destroy();
    });
    answer.once('close', () => call.destroy());
    asked.pipe(call);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    host: `unix://${socketPath}`,
    counts: () => Object.fromEntries([...counts].sort(([, a], [, b]) => b.calls - a.calls)),
    reset: () => counts.clear(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A path without version, query, ids and names. */
function patternOf(path: string): string {
  const [plain = '', query = ''] = path.split('?');
  const parts = plain.replace(/^\/v\d+\.\d+\//, '/').split('/');
  const [, kind = '', name, ...rest] = parts;
  const isCollection = name === undefined || name === 'create' || name === 'json';
  const shown = isCollection ? parts.slice(1) : [kind, '{id}', ...rest];
  const filters = new URLSearchParams(query).get('filters');
  return `/${shown.join('/')}${filters === null ? '' : ` by ${filterNames(filters)}`}`;
}

function filterNames(filters: string): string {
  return Object.keys(JSON.parse(filters) as object)
    .sort()
    .join(', ');
}
