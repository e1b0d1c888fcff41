import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Event, Rotate, RotateBody } from '@vault-swarm/http/api';
import type { World } from './world.ts';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const LISTS = ['secrets', 'services', 'leases'];

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A plugin with scripted responses of the API's types, for states that a real one reaches only after hours, or with hundreds of
 * services. It serves the built dashboard with the real content security policy.
 */
export class ScriptedPlugin {
  world: World;
  /** The required token; `null` for none. */
  token: string | null = null;
  /** The requested rotations. */
  readonly rotated: RotateBody[] = [];
  #server: Server | null = null;
  #port = 0;
  #sessions = new Set<string>();
  readonly #streams = new Set<ServerResponse>();

  constructor(world: World) {
    this.world = world;
  }

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Starts to listen, on the same port as before. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops and closes all connections. */
  async stop(): Promise<void> {
    this.#streams.clear();
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => {
      if (this.#server === null) resolve();
      else this.#server.close(() => resolve());
    });
    this.#server = null;
  }

  /** Changes to another state, and notifies streams. */
  become(world: World): void {
    this.world = world;
    const tags = Object.fromEntries(LISTS.map((name) => [name, tagOf(this.#list(name))]));
    this.#tell('overview', world.overview);
    this.#tell('changed', tags);
  }

  /** Emits an event. */
  happen(event: Event): void {
    this.world = { ...this.world, events: [event, ...this.world.events] };
    this.#tell('event', event, event.id);
  }

  /** Ends all sessions, as a restart does. */
  forgetSessions(): void {
    this.#sessions = new Set();
    for (const stream of this.#streams) stream.destroy();
  }

  #tell(name: string, data: object, id?: number): void {
    for (const stream of this.#streams) stream.write(frame(name, data, id));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('Cache-Control', 'no-store');
    if (url.pathname.startsWith('/assets/')) return this.#sendFile(response, 200, url.pathname);
    if (url.pathname === '/api/v1/session') return this.#session(request, response);
    if (!this.#isSignedIn(request)) {
      if (url.pathname === '/') return this.#sendFile(response, 401, '/sign-in.html');
      return problem(response, 401, 'Send the token in the header "Authorization: Bearer TOKEN".');
    }
    if (url.pathname === '/') return this.#sendFile(response, 200, '/index.html');
    const name = url.pathname.replace('/api/v1/', '');
    if (name === 'stream') return this.#stream(response);
    if (name === 'rotate') return this.#rotate(request, response);
    const body = this.#list(name);
    if (body === null) return problem(response, 404, 'This path does not exist.');
    const etag = tagOf(body);
    response.setHeader('ETag', etag);
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else send(response, 200, 'application/json', body);
  }

  #list(name: string): string | null {
    const { overview, services, secrets, leases, events, history, plan } = this.world;
    const { observed_at, role, rotation_enabled } = overview;
    const head = { observed_at, role, rotation_enabled, next_cursor: null };
    const bodies: Readonly<Record<string, object>> = {
      overview,
      history,
      plan,
      services: { ...head, total: services.length, services },
      secrets: { ...head, total: secrets.length, secrets },
      leases: { ...head, total: leases.length, max_leases: 2_000, leases },
      events: { events, next_before: null },
    };
    const body = bodies[name];
    return body === undefined ? null : JSON.stringify(body);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(frame('overview', this.world.overview));
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  async #rotate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await textOf(request)) as RotateBody;
    if (this.world.overview.access === 'view') return problem(response, 403, 'This token may only look.');
    this.rotated.push(body);
    const services = this.world.plan.services.map(({ name, secrets }) => ({
      name,
      secrets,
      outcome: 'scheduled' as const,
    }));
    send(response, 202, 'application/json', JSON.stringify({ services } satisfies Rotate));
  }

  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'DELETE') {
      this.#sessions.delete(sessionOf(request));
      response.writeHead(204).end();
      return;
    }
    const { token } = JSON.parse(await textOf(request)) as { readonly token: string };
    if (token !== this.token) return problem(response, 401, 'This token is wrong.');
    const session = randomUUID();
    this.#sessions.add(session);
    response.writeHead(204, { 'Set-Cookie': `session=${session}; HttpOnly; SameSite=Strict; Path=/` }).end();
  }

  #isSignedIn(request: IncomingMessage): boolean {
    return this.token === null || this.#sessions.has(sessionOf(request));
  }

  async #sendFile(response: ServerResponse, status: number, path: string): Promise<void> {
    send(response, status, TYPES[extname(path)] ?? 'text/plain', await readFile(join(dist, path)));
  }
}

const sessionOf = (request: IncomingMessage) => /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';

const tagOf = (body: string | null) =>
  `"${createHash('sha256')
    .update(body ?? '')
    .digest('hex')
    .slice(0, 16)}"`;

const frame = (name: string, data: object, id?: number) =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type }).end(body);
}

function problem(response: ServerResponse, status: number, detail: string): void {
  send(
    response,
    status,
    'application/problem+json',
    JSON.stringify({ type: 'about:blank', title: 'Error', status, detail }),
  );
}
