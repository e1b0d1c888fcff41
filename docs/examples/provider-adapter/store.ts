import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A small HTTP store of secrets: what the adapter is for. Here it is in memory. */
export class Store {
  readonly #secrets = new Map<string, { readonly version: number; readonly content: string }>();
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #writes = 0;
  #port = 0;
  isThrottling = false;
  token = 'first';
  readonly forbidden = new Set<string>();

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  write(name: string, content: string): void {
    this.#secrets.set(name, { version: ++this.#writes, content });
  }

  delete(name: string): void {
    this.#secrets.delete(name);
  }

  #answer({ url, method, headers }: IncomingMessage, response: ServerResponse): void {
    const name = decodeURIComponent(url?.replace('/secrets/', '') ?? '');
    const secret = this.#secrets.get(name);
    if (this.isThrottling) response.writeHead(429).end();
    else if (headers.authorization !== `Bearer ${this.token}`) response.writeHead(401).end();
    else if (this.forbidden.has(name)) response.writeHead(403).end();
    else if (secret === undefined) response.writeHead(404).end();
    else {
      response.writeHead(200, { 'x-version': secret.version });
      if (method === 'HEAD') response.end();
      else response.end(secret.content);
    }
  }
}
