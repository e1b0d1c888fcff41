import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';

/** Another secret driver than ours, which only answers. */
export interface OtherDriver {
  /** Ends it, and its socket is gone. */
  stop(): Promise<void>;
}

/** Starts a driver that answers every request for a secret with one value, under a name that the engine looks up. */
export async function startOtherDriver(name: string, value: string): Promise<OtherDriver> {
  const server = createServer((request, response) => {
    request.resume();
    const answer =
      request.url === '/Plugin.Activate'
        ? { Implements: ['secretprovider'] }
        : { Value: Buffer.from(value).toString('base64') };
    response.end(JSON.stringify(answer));
  });
  await mkdir('/run/docker/plugins', { recursive: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(`/run/docker/plugins/${name}.sock`, resolve);
  });
  return {
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
