import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** Whether a request is let through. */
export type Allows = (method: string, path: string) => boolean;

/** A filter before an engine's socket, as docker-socket-proxy: what it does not allow is answered with 403. */
export class SocketProxy {
  readonly #server: Server;
  #allows: Allows = () => true;

  private constructor(target: string) {
    this.#server = createServer((call, answer) => this.#forward(call, answer, target));
  }

  /** Listens on `path`, and asks the engine on `target`. */
  static async start(path: string, target: string): Promise<SocketProxy> {
    const proxy = new SocketProxy(target);
    await once(proxy.#server.listen(path), 'listening');
    return proxy;
  }

  /** From now on only these requests are let through. Streams that are open go on. */
  allow(allows: Allows): void {
    this.#allows = allows;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #forward(call: IncomingMessage, answer: ServerResponse, target: string): void {
    const { method = '', url = '', headers } = call;
    if (!this.#allows(method, url.replace(/^\/v\d+\.\d+/, ''))) {
      // Its own words, which are no JSON as the engine's are.
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
