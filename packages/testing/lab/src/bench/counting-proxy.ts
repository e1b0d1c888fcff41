import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

/** What was asked of an engine with one method and path pattern. */
export interface CallCount {
  readonly calls: number;
  /** Those that were answered with a status of 400 or more, or not at all. */
  readonly failed: number;
  /** Of the answers' bodies. */
  readonly bytes: number;
}

/** A unix socket that carries what it is asked to an engine's, and counts it. */
export interface CountingProxy {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** All calls since the last reset, by `METHOD /path/{id}`, the most frequent first. */
  counts(): Readonly<Record<string, CallCount>>;
  reset(): void;
  close(): void;
}

/** Starts a proxy on `socketPath` in front of the engine on `engineSocket`. Streams (events) pass through it too. */
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
