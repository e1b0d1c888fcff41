import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Forwards each connection of a unix socket to a port of this network namespace. */
export async function startRelay(socketPath: string, port: number): Promise<void> {
  const server = createServer((outside) => {
    const inside = connect(port, '127.0.0.1');
    outside.pipe(inside).pipe(outside);
    outside.on('error', () => inside.destroy());
    inside.on('error', () => outside.destroy());
  });
  server.listen(socketPath);
  await once(server, 'listening');
  server.unref();
}
