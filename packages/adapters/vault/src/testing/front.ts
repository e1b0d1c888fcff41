import { connect, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listenOn } from './listening.ts';

/** Another way to a server on this machine. */
export interface Front {
  /** For `VAULT_ADDR`. */
  readonly address: string;
  close(): Promise<void>;
}

/** TLS with a certificate of the test's, before a server of http. */
export async function startTlsFront(
  target: string,
  show: { readonly cert: string; readonly key: string },
): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createTlsServer(show, (socket) => passOn(socket, target, sockets));
  const port = await listenOn(server);
  return { address: `https://127.0.0.1:${port}`, close: () => closeAll(server, sockets) };
}

/** A Unix socket before a server of http. */
export async function startSocketFront(target: string, path: string): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => passOn(socket, target, sockets));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return { address: `unix://${path}`, close: () => closeAll(server, sockets) };
}

function passOn(socket: Socket, target: string, sockets: Set<Socket>): void {
  const onward = connect(Number(new URL(target).port), '127.0.0.1');
  for (const [one, other] of [
    [socket, onward],
    [onward, socket],
  ] as const) {
    sockets.add(one);
    one
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    one.pipe(other);
  }
}

function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
