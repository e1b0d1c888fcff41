import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, withLock } from '../process/cache.ts';
import { findCommand, run, runOrThrow } from '../process/command.ts';
import { step } from '../process/progress.ts';
import type { Engine } from './engine.ts';

/** Debian's newest engine. Except for runc, its packages need only glibc 2.34 or later. */
const suite = 'sid';
const packages = ['docker.io', 'docker-cli', 'containerd', 'runc', 'tini-static'];

/** The lowest API version of a current engine: that of Docker 25. */
const oldestApi = 1.44;

/**
 * Finds a current Docker engine: the path of its dockerd, with all that it needs in the same directory. Debian's packages
 * (75 MB) are downloaded once per machine and unpacked into the user's cache directory, named by their version. Nothing is
 * installed. An existing directory is reused: remove it to get a newer engine.
 *
 * @throws if the machine's apt names no mirror of Debian, or the unpacked engine does not run.
 */
export async function findCurrentEngine(): Promise<string> {
  const cached = await newestCached();
  if (cached !== undefined) return cached;
  if ((process.env.VAULT_SWARM_SANDBOX ?? '') !== '') {
    throw new Error('the current engine is not downloaded, and a sandbox has no network; run: npm run test:swarm');
  }
  return withLock(join(cacheDirectory(), 'engine.lock'), async () => (await newestCached()) ?? unpack());
}

/** Checks that an engine is a current one. Resolves to its version as text. */
export async function describeCurrentEngine(engine: Engine): Promise<string> {
  const { ApiVersion } = (await engine.api('GET', '/version')) as { readonly ApiVersion: string };
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number);
  if (major + minor / 100 < oldestApi) {
    throw new Error(`engine ${engine.version} speaks API ${ApiVersion}; a current one speaks ${oldestApi} or later`);
  }
  return `Docker ${engine.version}, API ${ApiVersion}`;
}

async function newestCached(): Promise<string | undefined> {
  const names = (await readdir(cacheDirectory())).filter((name) => /^engine-\d/.test(name) && !name.endsWith('.lock'));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest === undefined ? undefined : join(cacheDirectory(), newest, 'bin/dockerd');
}

async function unpack(): Promise<string> {
  const work = await mkdtemp(join(cacheDirectory(), 'unpacking-'));
  try {
    return await step(`downloading a current Docker engine (75 MB, once)`, async () => {
      await download(work);
      const archives = (await readdir(work)).filter((name) => name.endsWith('.deb'));
      for (const archive of archives) {
        await runOrThrow('dpkg-deb', ['-x', join(work, archive), join(work, 'root')], { timeoutMs: 120_000 });
        await rm(join(work, archive));
      }
      await linkPrograms(work);
      const said = await runOrThrow(join(work, 'bin/dockerd'), ['--version']);
      const version = /version ([^\s,]+)/.exec(said)?.[1];
      if (version === undefined) throw new Error(`dockerd --version said: ${said}`);
      const directory = join(cacheDirectory(), `engine-${version}`);
      await rename(work, directory);
      return join(directory, 'bin/dockerd');
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Downloads Debian's packages. The settings, lists and state of apt are all in the directory. */
async function download(work: string): Promise<void> {
  const apt = join(work, 'apt');
  for (const directory of ['lists/partial', 'cache/archives/partial', 'none']) {
    await mkdir(join(apt, directory), { recursive: true });
  }
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await writeFile(join(apt, 'status'), '');
  await writeFile(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${await mirror()} ${suite} main\n`);
  const settings = {
    'Dir::State': apt,
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': join(apt, 'none'),
    'Dir::Etc::preferences': join(apt, 'none/preferences'),
    'Dir::Etc::preferencesparts': join(apt, 'none'),
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(join(apt, 'apt.conf'), lines.join(''));
  const options = {
    cwd: work,
    env: { ...process.env, APT_CONFIG: join(apt, 'apt.conf'), LC_ALL: 'C' },
    timeoutMs: 10 * 60_000,
  };
  await runOrThrow('apt-get', ['update', '-qq'], options);
  await runOrThrow('apt-get', ['download', '-qq', ...packages], options);
  await rm(apt, { recursive: true });
}

/** The mirror that this machine gets its own packages from. */
async function mirror(): Promise<string> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages'];
  const known = (await runOrThrow('apt-get', ['indextargets', ...format])).split('\n');
  const found = known.find((uri) => uri.includes('debian') && !uri.includes('security'));
  if (found === undefined) {
    throw new Error("a current engine comes from Debian's packages, and this machine's apt has no mirror of them");
  }
  return found;
}

/** Creates one directory for PATH. If the downloaded runc needs a newer glibc, the machine's own runc is used. */
async function linkPrograms(work: string): Promise<void> {
  const bin = join(work, 'bin');
  await mkdir(bin);
  const programs = ['sbin/dockerd', 'bin/docker', 'bin/containerd', 'bin/containerd-shim-runc-v2', 'sbin/docker-proxy'];
  for (const program of programs) {
    await symlink(join('../root/usr', program), join(bin, program.slice(program.indexOf('/') + 1)));
  }
  await symlink('../../root/usr/bin/tini-static', join(bin, 'docker-init'));
  const runc = ['sbin/runc', 'bin/runc'].find((program) => existsSync(join(work, 'root/usr', program)));
  if (runc !== undefined && (await run(join(work, 'root/usr', runc), ['--version'])).code === 0) {
    await symlink(join('../root/usr', runc), join(bin, 'runc'));
  } else if (findCommand('runc') === undefined) {
    throw new Error('no runc that runs on this machine; on Debian and Ubuntu: apt-get install runc');
  }
}
