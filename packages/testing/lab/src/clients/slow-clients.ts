import { connect, type Socket } from 'node:net';

/** Clients that start a request and never finish it. */
export interface SlowClients {
  /** How many clients are connected now. */
  connected(): number;
  /** How many connections were closed so far. */
  cuts(): number;
  stop(): void;
}

const REQUEST_START = 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';
const DRIP_MS = 1_000;
const RECONNECT_MS = 5_000;

/** Starts `count` clients of a port of this machine. Each sends a byte a second, and reconnects 5 s after its connection closed. */
export function startSlowClients(port: number, count: number): SlowClients {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let cuts = 0;
  let stopped = false;
  const start = () => {
    const socket = connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    socket.on('connect', () => socket.write(REQUEST_START));
    socket.on('error', () => undefined); // `close` follows.
    socket.resume().once('close', () => {
      sockets.delete(socket);
      cuts++;
      if (stopped) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        start();
      }, RECONNECT_MS);
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
