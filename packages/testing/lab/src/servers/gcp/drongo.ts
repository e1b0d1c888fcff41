import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../process/free-port.ts';
import { findEmulators } from '../emulator-directory.ts';
import { pythonWithPip } from '../python-wheel.ts';
import { startServer } from '../server-process.ts';

/** drongo, a third-party emulator of Google Cloud. It accepts any token, and stores everything in memory. */
export interface Drongo {
  readonly endpoint: string;
  /** Calls Secret Manager. @param path what follows `/v1/`. Rejects if the response is an error. */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Starts drongo on 127.0.0.1. Resolves when it answers. The first call on a machine downloads it, which is not possible in
 * a sandbox.
 *
 * @throws with the end of its log if it does not answer within 60 s.
 */
export async function startDrongo({ dir }: { readonly dir: string }): Promise<Drongo> {
  const directory = await findEmulators();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await mkdir(dir, { recursive: true });
  const server = await startServer({
    name: `drongo on ${endpoint}`,
    command: await pythonWithPip(),
    args: ['-m', 'drongo.cli', 'server', '--host', '127.0.0.1', '--port', String(port)],
    env: { HOME: dir, PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
    logPath: join(dir, 'drongo.log'),
    timeoutMs: 60_000,
    answers: async () => (await fetch(`${endpoint}/v1/projects/any/secrets`)).ok,
  });
  return {
    endpoint,
    async request(method, path, body) {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      const response = await fetch(`${endpoint}/v1/${path}`, init);
      if (!response.ok) throw new Error(`drongo answers ${method} ${path} with status ${response.status}`);
      return response.json();
    },
    stop: () => server.end('SIGKILL'),
  };
}
