import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A unix socket that forwards to another one, and can stop forwarding, as an engine that hangs. */
export interface PausableSocket {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** Accepts connections from now on, but forwards nothing. */
  pause(): void;
  /** Forwards all that waited. */
  resume(): void;
  close(): void;
}

/** Starts a socket on `socketPath` that forwards to the socket at `target`. */
export async function startPausableSocket(socketPath: string, target: string): Promise<PausableSocket> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let paused = false;
  const join = ([outside, inside]: readonly [Socket, Socket]) => {
    outside.pipe(inside);
    inside.pipe(outside);
  };
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ path: target, allowHalfOpen: true });
    const pair = [outside, inside] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.once('close', end).on('error', end);
    if (!paused) join(pair);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    host: `unix://${socketPath}`,
    pause: () => {
      paused = true;
      for (const [outside, inside] of pairs) {
        outside.unpipe(inside).pause();
        inside.unpipe(outside).pause();
      }
    },
    resume: () => {
      paused = false;
      for (const pair of pairs) join(pair);
    },
    close: () => {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}
