import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, withLock } from '../process/cache.ts';
import { findCommand, run, runOrThrow } from '../process/command.ts';
import { step } from '../process/progress.ts';
import { findGo, goVersion } from './go-toolchain.ts';

const version = '1.21.4';
const source = fileURLToPath(new URL('../../vault-slim', import.meta.url));

/**
 * Finds the program of a Vault server: VAULT_BIN; else, except in CI, `vault` on PATH; else a small server, which is built from
 * Vault's own packages once per machine (about 70 s) and kept in the user's cache directory.
 */
export async function findVault(): Promise<string> {
  const named = process.env.VAULT_BIN;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`VAULT_BIN=${named}: there is no such file`);
    return named;
  }
  if ((process.env.CI ?? '') === '') {
    const installed = findCommand('vault');
    if (installed !== undefined) return installed;
  }
  return build();
}

async function build(): Promise<string> {
  const hash = createHash('sha256').update(goVersion);
  for (const file of ['main.go', 'stubs.txt', 'build.sh']) hash.update(await readFile(join(source, file)));
  const directory = join(cacheDirectory(), `vault-slim-${version}-${hash.digest('hex').slice(0, 8)}`);
  const binary = join(directory, 'vault-slim');
  if (existsSync(binary)) return binary;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('Vault is not built, and a sandbox has no network to build it; run: npm test');
  }
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(binary)) return;
    const go = await findGo();
    const work = await mkdtemp(join(cacheDirectory(), 'building-'));
    try {
      await step(`building Vault ${version} for the tests (about 70 s, once)`, () =>
        runOrThrow(join(source, 'build.sh'), [work], {
          timeoutMs: 60 * 60_000, // Compiling takes many times as long on a busy machine.
          env: {
            ...process.env,
            PATH: `${join(go, 'bin')}:${process.env.PATH}`,
            GOROOT: go,
            GOTOOLCHAIN: 'local',
            // Half a gigabyte of modules, which is not needed after the build.
            GOPATH: join(work, 'go'),
            GOMODCACHE: join(work, 'go/pkg/mod'),
            GOCACHE: join(work, 'go/cache'),
            GOTMPDIR: work,
          },
        }),
      );
      await mkdir(directory, { recursive: true });
      await rename(join(work, 'vault-slim'), binary);
    } finally {
      // Go makes its module directories read-only.
      await run('chmod', ['-R', 'u+w', work]);
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  });
  return binary;
}
