import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy such as one between a network and the internet. */
export interface ForwardProxy {
  /** As in HTTPS_PROXY. */
  readonly address: string;
  /** `CONNECT host:port` or `GET http://host:port/path` of each request so far. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** The settings of a proxy. */
export interface ForwardProxyOptions {
  /** The port of 127.0.0.1 to which every host name leads. */
  readonly to: number;
  /** `user:password`; without it the proxy needs no login. */
  readonly login?: string;
}

/** Starts a proxy on a free port of 127.0.0.1. It opens tunnels, and forwards plain HTTP requests. */
export async function startForwardProxy({ to, login }: ForwardProxyOptions): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const isAllowed = (given: string | undefined) =>
    login === undefined || given === `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming;
    asked.push(`${method} ${url}`);
    if (!isAllowed(headers['proxy-authorization'])) {
      answer.writeHead(407).end();
      return;
    }
    const { pathname, search } = new URL(url);
    const call = request({ host: '127.0.0.1', port: to, method, path: pathname + search, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    call.once('error', () => answer.destroy());
    incoming.pipe(call);
  });
  server.on('connect', (incoming, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    sockets.add(socket.on('error', () => {}));
    if (!isAllowed(incoming.headers['proxy-authorization'])) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward.on('error', () => socket.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://${login === undefined ? '' : `${login.split(':').map(encodeURIComponent).join(':')}@`}127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
