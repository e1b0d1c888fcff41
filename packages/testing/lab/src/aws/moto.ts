import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ended, hasEnded } from '../child-end.ts';
import { systemPath } from '../command.ts';
import { freePort } from '../free-port.ts';
import { pythonWithPip } from '../python-wheel.ts';
import { waitFor } from '../wait-for.ts';
import { findMoto } from './moto-folder.ts';

/** moto, a third party's emulator of AWS. It takes any keys. All that it has is in memory. */
export interface Moto {
  readonly endpoint: string;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts moto on 127.0.0.1; resolves when it answers. The first call on a machine downloads it, which can't be done in a box.
 *
 * @throws with the end of its log if it does not come up in 60 s.
 */
export async function startMoto({ dir }: { readonly dir: string }): Promise<Moto> {
  const folder = await findMoto();
  const python = await pythonWithPip();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await mkdir(dir, { recursive: true });
  const start = async () => {
    const logPath = join(dir, 'moto.log');
    const log = await open(logPath, 'a');
    const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
      env: { PATH: systemPath, HOME: dir, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    const abandon = () => server.kill('SIGKILL');
    process.once('exit', abandon);
    server.unref();
    const kill = async () => {
      process.off('exit', abandon);
      if (!hasEnded(server)) server.kill('SIGKILL');
      await ended(server, 5_000);
    };
    try {
      await waitFor(
        async () => {
          if (hasEnded(server)) return true;
          return (await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined))?.ok === true;
        },
        { timeoutMs: 60_000, intervalMs: 50, what: `moto on ${endpoint}` },
      );
      if (hasEnded(server)) throw new Error(`it ended with exit code ${server.exitCode}`);
    } catch (error) {
      await kill();
      const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
      throw new Error(`moto did not come up: ${String(error)}\n${lines.slice(-10).join('\n')}`);
    }
    return kill;
  };
  let kill = await start();
  return {
    endpoint,
    kill: () => kill(),
    async start() {
      kill = await start();
    },
    stop: () => kill(),
  };
}
