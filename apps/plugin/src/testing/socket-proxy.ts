import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** Whether a request is allowed. A promise delays the request. */
export type Allows = (method: string, path: string) => boolean | Promise<boolean>;

/** A filter for an engine's socket, such as docker-socket-proxy: it rejects requests that are not allowed with 403. */
export class SocketProxy {
  readonly #server: Server;
  #allows: Allows = () => true;

  private constructor(target: string) {
    this.#server = createServer((call, answer) => this.#forward(call, answer, target));
  }

  /** Listens on `path`, and forwards to the engine on `target`. */
  static async start(path: string, target: string): Promise<SocketProxy> {
    const proxy = new SocketProxy(target);
    await once(proxy.#server.listen(path), 'listening');
    return proxy;
  }

  /** Sets the allowed requests. Open streams continue. */
  allow(allows: Allows): void {
    this.#allows = allows;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #forward(call: IncomingMessage, answer: ServerResponse, target: string): Promise<void> {
    const { method = '', url = '', headers } = call;
    if (!(await this.#allows(method, url.replace(/^\/v\d+\.\d+/, '')))) {
      // Its own text, which is not JSON, unlike the engine's.
      answer.writeHead(403, { 'Content-Type': 'text/html', Connection: 'close' });
      answer.end('<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>');
      return;
    }
    const onward = request({ socketPath: target, method, path: url, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      answer.flushHeaders();
      given.pipe(answer);
    });
    onward.once('error', () => answer.destroy());
    answer.once('close', () => onward.destroy());
    call.pipe(onward);
  }
}
