import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { NOW } from './documents.ts';

/** The response to one method and path (without query). */
export type Script = Readonly<Record<string, unknown>>;

/** A request to the plugin. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A server that responds as its script says. */
export interface ScriptedPlugin {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  /** The responses from now on. */
  say(script: Script): void;
  close(): Promise<void>;
}

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Starts a server whose script maps `GET /api/v1/overview` to a document, or to a function that responds itself. Other
 * requests get the plugin's response to unknown paths.
 */
export async function startScriptedPlugin(
  first: Script,
  tls?: { readonly cert: string; readonly key: string },
): Promise<ScriptedPlugin> {
  let script = first;
  const asked: Asked[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url: path = '' } = request;
    asked.push({ method, path, authorization: request.headers.authorization, body });
    const answer = script[`${method} ${path.replace(/\?.*/, '')}`];
    response.setHeader('Date', new Date(NOW).toUTCString());
    if (typeof answer === 'function') (answer as Answering)(request, response);
    else if (answer === undefined) sendProblem(response, 404, 'This path does not exist.');
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  };
  const handle: Answering = (request, response) => void listener(request, response).catch(() => response.destroy());
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    asked,
    say: (next) => {
      script = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends a response with problem details. */
function sendProblem(response: ServerResponse, status: number, detail: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/problem+json');
  response.end(JSON.stringify({ type: 'about:blank', title: 'Error', status, detail }));
}

/** A scripted response with this status. */
export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendProblem(response, status, detail);
  };
}
