import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../process/free-port.ts';
import { findEmulators } from '../emulator-directory.ts';
import { pythonWithPip } from '../python-wheel.ts';
import { startServer } from '../server-process.ts';

/** moto, a third-party AWS emulator. It accepts any keys, and stores everything in memory. */
export interface Moto {
  readonly endpoint: string;
  /** Stops it at once. */
  kill(): Promise<void>;
  /** Starts it again on the same port, without data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts moto on 127.0.0.1. Resolves when it answers. The first call on a machine downloads it, which is not possible in a
 * sandbox.
 *
 * @throws with the end of its log if it does not answer within 60 s.
 */
export async function startMoto({ dir }: { readonly dir: string }): Promise<Moto> {
  const directory = await findEmulators();
  const python = await pythonWithPip();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await mkdir(dir, { recursive: true });
  const start = () =>
    startServer({
      name: `moto on ${endpoint}`,
      command: python,
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      env: { HOME: dir, PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
      logPath: join(dir, 'moto.log'),
      timeoutMs: 60_000,
      answers: async () => (await fetch(`${endpoint}/moto-api/data.json`)).ok,
    });
  let server = await start();
  const kill = () => server.end('SIGKILL');
  return {
    endpoint,
    kill,
    async start() {
      server = await start();
    },
    stop: kill,
  };
}
