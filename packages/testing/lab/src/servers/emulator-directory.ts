import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../process/cache.ts';
import { runOrThrow } from '../process/command.ts';
import { step } from '../process/progress.ts';
import { installWheels, pythonWithPip } from './python-wheel.ts';

/** Pinned with checksums and all dependencies in python/emulators.requirements.txt. */
const motoVersion = '5.2.5';
const drongoVersion = '0.8.0';

/**
 * Finds the directory of moto and drongo, emulators of AWS and Google Cloud, and their Python packages: EMULATORS_PATH,
 * else one in the user's cache directory, downloaded once per machine and version of Python.
 */
export async function findEmulators(): Promise<string> {
  const named = process.env.EMULATORS_PATH;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`EMULATORS_PATH=${named}: there is no such directory`);
    return named;
  }
  const python = await pythonWithPip();
  const pythonVersion = await runOrThrow(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  const directory = join(cacheDirectory(), `moto-${motoVersion}-drongo-${drongoVersion}-python${pythonVersion.trim()}`);
  if (existsSync(directory)) return directory;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('the emulators are not downloaded, and a sandbox has no network; run: npm test');
  }
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(directory)) return;
    const work = await mkdtemp(join(cacheDirectory(), 'emulators-'));
    try {
      await step('downloading moto and drongo, which emulate AWS and Google Cloud for the tests (40 MB, once)', () =>
        installWheels('emulators.requirements.txt', work),
      );
      await rename(work, directory);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  });
  return directory;
}
