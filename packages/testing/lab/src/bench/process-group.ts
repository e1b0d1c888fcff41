import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemPath } from '../process/command.ts';
import { ended, hasEnded } from '../process/process-exit.ts';

/** A command with all processes that it starts. */
export interface ProcessGroup {
  /** The time of its exec, by `performance.now()`. */
  readonly startedMs: number;
  /** The file with its stderr and stdout. */
  readonly logPath: string;
  /** Whether the command itself has ended. */
  hasEnded(): boolean;
  /** The processes that run now. */
  pids(): readonly number[];
  /** Kills all of them. */
  stop(): Promise<void>;
}

const STOP_DEADLINE_MS = 10_000;

/** Starts a command as a process group. All its processes are killed together, at the latest when this process ends. */
export async function spawnGroup(
  command: string,
  args: readonly string[],
  dir: string,
  env: NodeJS.ProcessEnv,
): Promise<ProcessGroup> {
  const logPath = join(dir, 'process.log');
  const log = await open(logPath, 'a');
  const startedMs = performance.now();
  const child = spawn(command, args, {
    env: { PATH: systemPath, ...env },
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  child.once('error', () => undefined); // It counts as ended then.
  await log.close();
  const group = child.pid ?? -1;
  const kill = () => {
    try {
      if (group > 0) process.kill(-group, 'SIGKILL');
    } catch {
      // All processes have ended.
    }
  };
  process.once('exit', kill);
  return {
    startedMs,
    logPath,
    hasEnded: () => group < 0 || hasEnded(child),
    pids: () => processesOf(group),
    stop: async () => {
      process.off('exit', kill);
      kill();
      await ended(child, STOP_DEADLINE_MS);
    },
  };
}

function processesOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The fields after the name, which may contain spaces: state, parent, group.
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] === String(group);
      } catch {
        return false;
      }
    })
    .map(Number);
}
