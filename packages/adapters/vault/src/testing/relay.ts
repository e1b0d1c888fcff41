import { connect, createServer, type Socket } from 'node:net';
import { listenOn } from './listening.ts';

/** A way to a server that can be cut, or made to swallow everything. */
export interface Relay {
  readonly address: string;
  /** Refuses connections, and ends those that are open. */
  cut(): Promise<void>;
  /** Takes requests, and gives them to nobody. */
  swallow(): Promise<void>;
  /** Swallows what comes by the connections that are open, and does not end them: as of a server that vanished. */
  freeze(): void;
  /** Works again. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on a port of its own, before a server on this machine. */
export async function startRelay(target: string): Promise<Relay> {
  const targetPort = Number(new URL(target).port);
  const sockets = new Set<Socket>();
  let swallowing = false;

  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    track(socket);
    if (swallowing) {
      socket.resume();
      return;
    }
    const onward = connect(targetPort, '127.0.0.1');
    track(onward);
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  });
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      dropAll();
    });

  const port = await listenOn(server);
  return {
    address: `http://127.0.0.1:${port}`,
    cut,
    async swallow() {
      swallowing = true;
      dropAll();
    },
    freeze() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    async mend() {
      swallowing = false;
      dropAll();
      if (!server.listening) await listenOn(server, port);
    },
    close: cut,
  };
}
