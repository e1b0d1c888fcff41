import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOn } from './listening.ts';

/** A request as the scripted server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, less `/v1/`. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to answer: a status and JSON (a text is sent as it is), `hang` for no answer at all, `cut` for a reset connection. */
export type ScriptedAnswer =
  | { readonly status: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'hang'
  | 'cut';

/** An HTTP server that answers as a test says: for what a real Vault does not do on demand. */
export interface ScriptedVault {
  readonly address: string;
  readonly seen: readonly SeenRequest[];
  /** How many connections were opened. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export const permissionDenied: ScriptedAnswer = { status: 403, json: { errors: ['permission denied'] } };
export const invalidToken: ScriptedAnswer = {
  status: 403,
  json: { errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'] },
};
export const notThere: ScriptedAnswer = { status: 404, json: { errors: [] } };

/** An answer of Vault's with `data`. */
export function data(content: unknown): ScriptedAnswer {
  return { status: 200, json: { data: content } };
}

/** The answer of a login or a renewal. */
export function login(token: string, leaseSeconds: number, renewable = true): ScriptedAnswer {
  return { status: 200, json: { auth: { client_token: token, lease_duration: leaseSeconds, renewable } } };
}

/** The answer of KV v2 for a version with these fields. */
export function version2(fields: unknown, number = 1): ScriptedAnswer {
  return data({ data: fields, metadata: { version: number, created_time: `2026-01-0${number}T00:00:00.123456789Z` } });
}

/** The answer of KV v2 about all versions of a secret that has but this one, or none. */
export function metadata(
  number = 1,
  version = { created_time: 't', deletion_time: '', destroyed: false },
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  const about = { current_version: number, versions: { [number]: version } };
  return { status: 200, json: { data: about }, headers };
}

/** The answer about a mount of this version. */
export function mount(name: string, version: '1' | '2'): ScriptedAnswer {
  return data({ type: 'kv', path: `${name}/`, options: { version } });
}

/** Starts it on a port of its own. `answer` may return nothing for a plain 404. */
export async function startScriptedVault(
  answer: (request: SeenRequest) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>,
): Promise<ScriptedVault> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url.replace(/^\/v1\//, ''), headers, body: Buffer.concat(chunks).toString() };
    seen.push(request);
    send(response, (await answer(request)) ?? notThere);
  });
  server.on('connection', () => connections++);
  const port = await listenOn(server);
  return {
    address: `http://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === 'hang') return;
  if (answer === 'cut') {
    response.socket?.resetAndDestroy();
    return;
  }
  const text = typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json);
  response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers }).end(text);
}
