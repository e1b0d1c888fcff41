import { connect, createServer, type Socket } from 'node:net';
import { listenOn } from './listening.ts';

/** A way to a server that can be cut, or made to swallow everything. */
export interface Relay {
  readonly address: string;
  /** Refuses connections, and ends those that are open. */
  cut(): Promise<void>;
  /** Takes requests, and gives them to nobody. */
  swallow(): Promise<void>;
  /** Takes requests, and answers them a byte at a time, so that no answer is ever whole. */
  drip(): Promise<void>;
  /** Swallows what comes by the connections that are open, and does not end them: as of a server that vanished. */
  freeze(): void;
  /** Works again. */
  repair(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on a port of its own, before a server on this machine. */
export async function startRelay(target: string): Promise<Relay> {
  const targetPort = Number(new URL(target).port);
  const sockets = new Set<Socket>();
  let manner: 'whole' | 'nothing' | 'drips' = 'whole';

  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    track(socket);
    if (manner === 'nothing') {
      socket.resume();
      return;
    }
    const onward = connect(targetPort, '127.0.0.1');
    track(onward);
    socket.pipe(onward);
    if (manner === 'drips') dripInto(socket, onward);
    else onward.pipe(socket);
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
      manner = 'nothing';
      dropAll();
    },
    async drip() {
      manner = 'drips';
      dropAll();
    },
    freeze() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    async repair() {
      manner = 'whole';
      dropAll();
      if (!server.listening) await listenOn(server, port);
    },
    close: cut,
  };
}

/** Passes on a byte every 20 ms; the head of an answer alone takes seconds so. */
function dripInto(socket: Socket, from: Socket): void {
  let waiting = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
  });
  const timer = setInterval(() => {
    if (waiting.length > 0) socket.write(waiting.subarray(0, 1));
    waiting = waiting.subarray(1);
  }, 20);
  socket.on('close', () => clearInterval(timer));
}
