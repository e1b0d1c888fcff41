import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';

/** A minimal secret driver other than ours. */
export interface OtherDriver {
  /** Stops it and removes its socket. */
  stop(): Promise<void>;
}

/** Starts a driver that responds to every request for a secret with one value, under a name that the engine finds. */
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
