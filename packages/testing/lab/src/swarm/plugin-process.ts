import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { driverRequest } from '../clients/unix-http.ts';
import { systemPath } from '../process/command.ts';
import { hasEnded } from '../process/process-exit.ts';
import { waitFor } from '../process/wait-for.ts';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A plugin process: `bin/vault-swarm-plugin` in the foreground, as users run it. */
export interface PluginProcess {
  readonly pid: number;
  /** The driver's socket. */
  readonly socketPath: string;
  readonly logPath: string;
  /** The output on stderr and stdout so far. */
  logs(): string;
  /** Waits until the socket answers `Plugin.Activate`; rejects with the end of the log after 15 s. */
  waitReady(): Promise<void>;
  /** Sends a signal, SIGTERM if not given; resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<ProcessEnd>;
  /** Resolves when the process has ended. */
  readonly exit: Promise<ProcessEnd>;
}

/** How to start the plugin. */
export interface PluginOptions {
  /** Its environment. Only PATH and HOME are added. */
  readonly env: Readonly<Record<string, string>>;
  /** Directory of its log, created if missing. A second start appends. */
  readonly dir: string;
  /** Command line arguments. */
  readonly args?: readonly string[];
  /** A process whose network namespace the plugin uses; that of the sandbox if not given. */
  readonly networkPid?: number;
}

/** The plugin's launcher, `bin/vault-swarm-plugin`. */
export const launcher = fileURLToPath(new URL('../../../../../bin/vault-swarm-plugin', import.meta.url));

/** Starts the plugin, which must be built. It is killed when this process ends. */
export async function startPlugin({ env, dir, args = [], networkPid }: PluginOptions): Promise<PluginProcess> {
  await mkdir(dir, { recursive: true });
  const logPath = join(dir, 'plugin.log');
  const log = await open(logPath, 'a');
  const [command = '', ...before] =
    networkPid === undefined ? [launcher] : ['nsenter', `--net=/proc/${networkPid}/ns/net`, launcher];
  const child = spawn(command, [...before, ...args], {
    env: { PATH: systemPath, HOME: dir, ...env },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const abandon = () => child.kill('SIGKILL');
  process.once('exit', abandon);
  const exit = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('exit', abandon);
      resolve({ code, signal });
    });
  });
  exit.catch(() => {}); // Callers that wait for it get the error.
  const logs = () => readFileSync(logPath, 'utf8');
  const name = env.PLUGIN_NAME || 'vault-secrets-plugin';
  const socketPath = env.PLUGIN_SOCKET || `/run/docker/plugins/${name}.sock`;
  return {
    pid: child.pid ?? -1,
    socketPath,
    logPath,
    logs,
    exit,
    waitReady: async () => {
      const answers = async () => {
        if (hasEnded(child)) return true;
        return (await driverRequest(socketPath, '/Plugin.Activate')).status === 200;
      };
      const tail = () => logs().trimEnd().split('\n').slice(-15).join('\n');
      await waitFor(answers, { timeoutMs: 15_000, intervalMs: 20, what: `the plugin on ${socketPath}` }).catch(
        (error: Error) => {
          throw new Error(`${error.message}\n${tail()}`);
        },
      );
      if (hasEnded(child)) throw new Error(`the plugin ended with exit code ${child.exitCode}:\n${tail()}`);
    },
    kill: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exit;
    },
  };
}
