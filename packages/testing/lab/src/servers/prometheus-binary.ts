import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory, withLock } from '../process/cache.ts';
import { findCommand, run, runOrThrow } from '../process/command.ts';
import { step } from '../process/progress.ts';

/**
 * Finds the program of Prometheus, with promtool in the same directory: PROMETHEUS_BIN; else, except in CI, `prometheus` on
 * PATH; else the one of Debian's package (20 MB), downloaded once per machine and unpacked into the user's cache directory.
 * Nothing is installed, and no service is started. An existing directory is reused: remove it to get a newer version.
 *
 * @throws if there is no apt-get, or it has no such package.
 */
export async function findPrometheus(): Promise<string> {
  const named = process.env.PROMETHEUS_BIN;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`PROMETHEUS_BIN=${named}: there is no such file`);
    return named;
  }
  if ((process.env.CI ?? '') === '') {
    const installed = findCommand('prometheus');
    if (installed !== undefined && existsSync(join(dirname(installed), 'promtool'))) return installed;
  }
  const cached = await newestCached();
  if (cached !== undefined) return cached;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('Prometheus is not downloaded, and a sandbox has no network; run: npm test');
  }
  return withLock(join(cacheDirectory(), 'prometheus.lock'), async () => (await newestCached()) ?? unpack());
}

async function newestCached(): Promise<string | undefined> {
  const names = (await readdir(cacheDirectory())).filter((name) => /^prometheus-\d/.test(name));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest === undefined ? undefined : join(cacheDirectory(), newest, 'prometheus');
}

async function unpack(): Promise<string> {
  const work = await mkdtemp(join(cacheDirectory(), 'unpacking-'));
  try {
    return await step('downloading Prometheus for the tests (20 MB, once)', async () => {
      await download(work);
      const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
      if (archive === undefined) throw new Error('apt-get downloaded no package of Prometheus');
      const root = join(work, 'root');
      await runOrThrow('dpkg-deb', ['-x', join(work, archive), root], { timeoutMs: 120_000 });
      const programs = join(root, 'usr/bin');
      const said = await runOrThrow(join(programs, 'prometheus'), ['--version']);
      const version = /version ([^\s,]+)/.exec(said)?.[1];
      if (version === undefined) throw new Error(`prometheus --version said: ${said}`);
      const directory = join(cacheDirectory(), `prometheus-${version}`);
      await rename(programs, directory);
      return join(directory, 'prometheus');
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Downloads with the machine's apt. Updates its lists if they lack the package or name an old version. */
async function download(work: string): Promise<void> {
  if (findCommand('apt-get') === undefined) {
    throw new Error('Prometheus comes from a package of Debian or Ubuntu, and there is no apt-get; set PROMETHEUS_BIN');
  }
  await mkdir(work, { recursive: true });
  const env = { ...process.env, LC_ALL: 'C' };
  const get = ['-q', '-o', 'APT::Sandbox::User=root', 'download', 'prometheus'];
  if ((await run('apt-get', get, { cwd: work, env, timeoutMs: 5 * 60_000 })).code === 0) return;
  await runOrThrow('apt-get', ['-q', 'update'], { env, timeoutMs: 5 * 60_000 });
  await runOrThrow('apt-get', get, { cwd: work, env, timeoutMs: 5 * 60_000 });
}
