import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Disturbance, Hold } from './capability.ts';

/** A proxy before a server, with the disturbances that a harness needs. One disturbance at a time. */
export interface TcpProxy {
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** The target's URL with the proxy's host and port. */
  readonly url: string;
  /** Connections are refused, and open ones are reset. */
  readonly outage: Disturbance;
  /** Requests are accepted, and nobody answers, on open connections too. They are reset at the end. */
  readonly hang: Disturbance;
  /** Responses arrive one byte at a time, so slowly that none is ever complete. */
  readonly drip: Disturbance;
  /** The server answers, and its responses are held back. */
  readonly hold: Hold;
  /** Connections that are open now pass nothing any more and are not closed, as if the server vanished. New ones work. */
  freeze(): void;
  /** Closes the proxy and its connections. */
  close(): Promise<void>;
}

/** The pause between two bytes of a dripping response. */
const DRIP_MS = 50;

type Manner = 'whole' | 'nothing' | 'drips' | 'held';

/**
 * Starts a proxy on a free port of 127.0.0.1.
 *
 * @param target the URL of a server on this machine, such as `http://127.0.0.1:8200`. The proxy passes bytes on, so TLS
 * works too if the server's certificate is valid for 127.0.0.1.
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const url = new URL(target);
  const targetPort = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  /** What is held, in the order of arrival. */
  let held: (() => void)[] = [];
  let announceHeld = () => {};
  let someHeld = new Promise<void>(() => {});
  let manner: Manner = 'whole';

  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const expectHeld = () => {
    someHeld = new Promise((resolve) => {
      announceHeld = resolve;
    });
  };
  const deliver = (action: () => void) => {
    if (manner !== 'held') return action();
    held.push(action);
    announceHeld();
  };
  const server = createServer((client) => {
    track(client);
    const upstream = connect(targetPort, url.hostname);
    track(upstream);
    const dripping = new Dripping(client);
    client.on('data', (bytes: Buffer) => {
      if (manner !== 'nothing' && !frozen.has(client)) upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      if (manner === 'nothing' || frozen.has(client)) return;
      deliver(() => (manner === 'drips' ? dripping.add(bytes) : client.write(bytes)));
    });
    upstream.on('end', () => deliver(() => manner === 'drips' || client.end())).on('error', () => client.destroy());
    client.on('close', () => {
      dripping.stop();
      upstream.destroy();
    });
  });
  const release = () => {
    const passing = held;
    held = [];
    for (const pass of passing) pass();
  };
  const dropAll = () => {
    held = [];
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    dropAll();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shown = new URL(url);
  shown.hostname = '127.0.0.1';
  shown.port = String(port);
  const disturbance = (disturbed: Manner): Disturbance => ({
    async start() {
      manner = disturbed;
    },
    async end() {
      manner = 'whole';
      dropAll();
    },
  });
  return {
    port,
    url: shown.href.replace(/\/$/, ''),
    outage: { start: stop, end: () => listen(port) },
    hang: disturbance('nothing'),
    drip: disturbance('drips'),
    hold: {
      async start() {
        expectHeld();
        manner = 'held';
      },
      held: () => someHeld,
      async pass() {
        expectHeld();
        release();
      },
      async end() {
        manner = 'whole';
        release();
      },
    },
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    close: async () => {
      if (server.listening) await stop();
    },
  };
}

/** Sends the bytes of one connection one by one. */
class Dripping {
  readonly #socket: Socket;
  #waiting = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(bytes: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.#timer ??= setInterval(() => {
      // The last byte stays, so that no response is complete.
      if (this.#waiting.length < 2) return;
      this.#socket.write(this.#waiting.subarray(0, 1));
      this.#waiting = this.#waiting.subarray(1);
    }, DRIP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
