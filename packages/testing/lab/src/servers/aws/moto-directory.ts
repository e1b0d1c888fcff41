import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../../process/cache.ts';
import { runOrThrow } from '../../process/command.ts';
import { step } from '../../process/progress.ts';
import { installWheels, pythonWithPip } from '../python-wheel.ts';

/** The pin with its checksums, and those of all that it needs, is python/moto.requirements.txt. */
const version = '5.2.5';

/**
 * The directory of moto, an emulator of AWS, and of the Python packages that it needs: what MOTO_PATH names, else one that is
 * downloaded once a machine for each version of Python, and kept in the user's cache directory.
 */
export async function findMoto(): Promise<string> {
  const named = process.env.MOTO_PATH;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`MOTO_PATH=${named}: there is no such directory`);
    return named;
  }
  const python = await pythonWithPip();
  const pythonVersion = await runOrThrow(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  const directory = join(cacheDirectory(), `moto-${version}-python${pythonVersion.trim()}`);
  if (existsSync(directory)) return directory;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('moto is not downloaded yet, and a sandbox has no network to do it; run: npm test');
  }
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(directory)) return;
    const work = await mkdtemp(join(cacheDirectory(), 'moto-'));
    try {
      await step(`downloading moto ${version}, which emulates AWS for the tests (40 MB, once)`, () =>
        installWheels('moto.requirements.txt', work),
      );
      await rename(work, directory);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  });
  return directory;
}
