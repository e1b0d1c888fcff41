// How long each test file takes, in seconds: from earlier runs on this machine, else from durations.json. This only decides the
// order of the files and the estimate of the remaining time, so it need not be exact.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const table = new URL('./durations.json', import.meta.url);
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vault-swarm/test-durations.json');
/** For a file in neither table: a new one, or one that takes less than a second. */
const UNKNOWN_SECONDS = 1;

/** Returns a function from a file, relative to the repository, to its seconds. */
export function readDurations() {
  const seconds = { ...read(table), ...read(cache) };
  return (file) => seconds[file] ?? UNKNOWN_SECONDS;
}

/** Adds the measured seconds of files to this machine's table. */
export function recordDurations(measured) {
  const all = { ...read(cache), ...measured };
  const long = Object.entries(all).filter(([, seconds]) => seconds >= UNKNOWN_SECONDS);
  mkdirSync(dirname(cache), { recursive: true });
  writeFileSync(`${cache}.${process.pid}`, `${JSON.stringify(Object.fromEntries(long.sort()), null, 2)}\n`);
  renameSync(`${cache}.${process.pid}`, cache);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
