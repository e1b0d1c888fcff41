import { type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The output and exit code of a command. */
export interface CommandResult {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The exit code; -1 if a signal ended the command. */
  readonly code: number;
}

/** The PATH, with the directories of dockerd, ip and iptables. */
export const systemPath = [process.env.PATH, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter(Boolean).join(':');

/** The path of a command, or undefined. */
export function findCommand(name: string, path = systemPath): string | undefined {
  return path
    .split(':')
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Runs a command to its end. Rejects only if it can't be started, or has not ended after `timeoutMs` (60 s if not given).
 */
export function run(
  command: string,
  args: readonly string[],
  { timeoutMs = 60_000, ...options }: Pick<SpawnOptions, 'cwd' | 'env'> & { readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ${args.join(' ')}: not done after ${timeoutMs / 1000} s`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString(), code: code ?? -1 });
    });
  });
}

/** Runs a command to its end. Rejects with its output unless it exits with 0. Resolves to its stdout as text. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const { stdout, stderr, code } = await run(command, args, options);
  if (code === 0) return stdout.toString();
  throw new Error(`${command} ${args.join(' ')}: exit ${code}: ${stderr.trim() || stdout.toString().trim()}`);
}
