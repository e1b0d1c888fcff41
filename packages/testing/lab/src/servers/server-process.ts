import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { systemPath } from '../process/command.ts';
import { ended, hasEnded } from '../process/process-exit.ts';
import { waitFor } from '../process/wait-for.ts';

/** How to start a server, and how to check that it answers. */
export interface ServerOptions {
  /** Its name in errors: `vault on http://127.0.0.1:8200`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its environment. Only PATH is added. */
  readonly env: Readonly<Record<string, string>>;
  /** The file to which its stdout and stderr are appended. */
  readonly logPath: string;
  /** Milliseconds within which it must answer. */
  readonly timeoutMs: number;
  /** Whether it answers; an error counts as no. `see` is that of {@link waitFor}. */
  answers(see: (state: unknown) => void): Promise<boolean>;
}

/** A running server. It is killed when this process ends. */
export interface ServerProcess {
  readonly pid: number;
  /** Sends the signal, and SIGKILL if the server has not ended after 10 s. Resolves when it has ended. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts a server. Resolves when it answers.
 * @throws with the end of its log after the timeout.
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { name, command, args, env, logPath, timeoutMs } = options;
  const log = await open(logPath, 'a');
  const server = spawn(command, args, { env: { PATH: systemPath, ...env }, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  const abandon = () => server.kill('SIGKILL');
  process.once('exit', abandon);
  server.unref();
  let failure: Error | undefined;
  server.once('error', (error) => {
    failure = error;
  });
  const end = async (signal: NodeJS.Signals) => {
    process.off('exit', abandon);
    if (!hasEnded(server)) server.kill(signal);
    if (await ended(server, 10_000)) return;
    server.kill('SIGKILL');
    await ended(server, 5_000);
  };
  const isOver = () => failure !== undefined || hasEnded(server);
  try {
    await waitFor(async (see) => isOver() || options.answers(see), { timeoutMs, intervalMs: 20, what: name });
    if (failure !== undefined) throw failure;
    if (hasEnded(server)) throw new Error(`it ended with exit code ${server.exitCode}`);
  } catch (error) {
    await end('SIGKILL');
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
    throw new Error(`${name} did not start: ${String(error)}\n${lines.slice(-10).join('\n')}`);
  }
  return { pid: server.pid ?? -1, end };
}
