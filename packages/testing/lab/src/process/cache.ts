import { mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** This machine's directory for downloads and builds that take long. Created if missing. */
export function cacheDirectory(): string {
  const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vault-swarm');
  mkdirSync(directory, { recursive: true });
  return directory;
}

/**
 * Runs an action under a lock that all processes of this machine share. The lock of a dead process is taken over.
 *
 * @throws if the lock is not free after an hour.
 */
export async function withLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60 * 60_000;
  while (!(await take(file))) {
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true });
    else if (performance.now() > deadline) throw new Error(`${file} has been held by process ${owner} for an hour`);
    else await delay(250);
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
