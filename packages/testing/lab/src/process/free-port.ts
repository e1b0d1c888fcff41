import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A TCP port on 127.0.0.1 on which nothing listens now. With `consecutive`, the first of that many free ports in a row.
 */
export async function freePort({ consecutive = 1 } = {}): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const held = [first];
    const { port } = first.address() as AddressInfo;
    try {
      for (let next = 1; next < consecutive; next += 1) held.push(await listen(port + next));
      return port;
    } catch {
      // The next port is in use: try from another port.
    } finally {
      for (const server of held) server.close();
    }
  }
}

async function listen(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
