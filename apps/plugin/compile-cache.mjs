// Has V8 compile a bundle, so that a start does not.
//   compile-cache.mjs DIRECTORY
// does that for the bundle in a directory.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const loadAll = fileURLToPath(new URL('load-all.mjs', import.meta.url));

/**
 * Writes the compiled code of a bundle into its directory `compile-cache`. The same bundle gives the same bytes on the
 * same kind of processor: V8's random numbers, which seed its hashes, are then the same.
 */
export async function writeCompileCache(bundle) {
  await rm(join(bundle, 'compile-cache'), { recursive: true, force: true });
  const args = ['--random-seed=1', '--preserve-symlinks', loadAll];
  await promisify(execFile)(process.execPath, args, { cwd: bundle, env: {} });
}

const [directory] = process.argv.slice(2);
if (import.meta.main && directory !== undefined) await writeCompileCache(directory);
