import { connect, type Socket } from 'node:net';

/** Clients that start a request and never end it. */
export interface SlowClients {
  /** How many are connected now. */
  connected(): number;
  /** How often one was cut off so far. */
  cuts(): number;
  stop(): void;
}

const BEGIN = 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const DRIP_MS = 1_000;
const AGAIN_MS = 5_000;

/** Lets `count` clients hang on a port of this machine: each sends a byte a second, and comes again when it is cut off. */
export function startSlowClients(port: number, count: number): SlowClients {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let cuts = 0;
  let stopped = false;
  const start = () => {
    const socket = connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    socket.on('connect', () => socket.write(BEGIN));
    socket.on('error', () => undefined); // It is closed then.
    socket.resume().once('close', () => {
      sockets.delete(socket);
      cuts++;
      if (stopped) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        start();
      }, AGAIN_MS);
      timers.add(timer);
    });
  };
  for (let started = 0; started < count; started++) start();
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable && !socket.connecting) socket.write('x');
  }, DRIP_MS);
  return {
    connected: () => [...sockets].filter(({ connecting }) => !connecting).length,
    cuts: () => cuts,
    stop: () => {
      stopped = true;
      clearInterval(drip);
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
