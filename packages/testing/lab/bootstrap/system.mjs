// The system packages that sandboxes and tests need. Missing ones are installed with the system's package manager, if this
// process has the rights.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxProblem, systemPath } from '../sandbox/sandbox.mjs';
import { commandStep, SetupError, say } from './step.mjs';

const engine = [
  { name: 'dockerd (the Docker engine)', debian: 'docker.io', isThere: () => find('dockerd') },
  { name: 'the docker command', debian: 'docker-cli', isThere: () => find('docker') },
  { name: 'iptables', debian: 'iptables', isThere: () => find('iptables') },
  { name: 'ip (iproute2)', debian: 'iproute2', isThere: () => find('ip') },
  { name: 'unshare (util-linux)', debian: 'util-linux', isThere: () => find('unshare') },
  { name: 'mount', debian: 'mount', isThere: () => find('mount') },
  { name: 'tar', debian: 'tar', isThere: () => find('tar') },
  { name: 'curl', debian: 'curl', isThere: () => find('curl') },
  { name: 'openssl', debian: 'openssl', isThere: () => find('openssl') },
  { name: 'a static busybox', debian: 'busybox-static', isThere: () => isStatic(find('busybox')) },
];
const download = [
  { name: 'Python with pip', debian: 'python3-pip', isThere: hasPip },
  {
    name: 'CA certificates',
    debian: 'ca-certificates',
    isThere: () => process.env.SSL_CERT_FILE || existsSync('/etc/ssl/certs') || existsSync('/etc/pki/tls/certs'),
  },
];
const vaultBuild = [...download, { name: 'perl', debian: 'perl-base', isThere: () => find('perl') }];

const postgres = [
  {
    name: 'PostgreSQL',
    debian: 'postgresql',
    isThere: () => process.env.POSTGRES_BIN || existsSync('/usr/lib/postgresql'),
  },
];

const browser = [
  {
    name: 'Chromium',
    debian: 'chromium',
    // On Ubuntu, a script of this name only prints how to install one.
    isThere: () =>
      process.env.CHROMIUM_BIN ||
      ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].some((name) => runs(find(name))),
  },
];

/** Prepares the machine for an engine in a sandbox. Resolves to the reason why it can't run, or to undefined. */
export async function prepareEngine() {
  if (process.getuid() !== 0) return sandboxProblem();
  return (await provide(engine, 'for an engine in a sandbox')) ?? sandboxProblem();
}

/** Prepares the machine for the build of Vault. Resolves to the reason why it can't be built, or to undefined. */
export function prepareVaultBuild() {
  return provide(vaultBuild, 'to build a Vault server');
}

/** Installs PostgreSQL if there is none. Resolves to the reason why there is none, or to undefined. */
export function preparePostgres() {
  return provide(postgres, 'for a database server');
}

/** Prepares the machine for downloads of servers. Resolves to the reason why they are not possible, or to undefined. */
export function prepareDownload() {
  return provide(download, 'to download servers for the tests');
}

/** Installs a browser if there is none. Resolves to the reason why there is none, or to undefined. */
export function prepareBrowser() {
  return provide(browser, 'to test the dashboard');
}

async function provide(needs, purpose) {
  for (;;) {
    const missing = needs.filter(({ isThere }) => !isThere());
    if (missing.length === 0) return undefined;
    const names = missing.map(({ name }) => name).join(', ');
    const apt = find('apt-get');
    if (process.getuid() !== 0 || apt === undefined) {
      const how = `${apt === undefined ? 'install the packages that provide them; on Debian and Ubuntu' : 'as root: apt-get install'} ${packages(missing).join(' ')}`;
      return `missing (${purpose}): ${names}; ${how}`;
    }
    // docker.io contains the docker command in some releases only, so it is checked again after the installation.
    const first =
      missing[0]?.debian === 'docker.io' ? missing.filter(({ debian }) => debian !== 'docker-cli') : missing;
    say(`missing (${purpose}): ${names}; installing with apt-get: ${packages(first).join(' ')}`);
    try {
      await aptInstall(packages(first));
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      return error.message;
    }
    const still = first.filter(({ isThere }) => !isThere());
    if (still.length > 0) return `still missing after the installation: ${still.map(({ name }) => name).join(', ')}`;
  }
}

const packages = (missing) => [...new Set(missing.map(({ debian }) => debian))];

async function aptInstall(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: systemPath() };
  await commandStep('apt-get update', 'apt-get', ['update', '-q'], { env });
  await commandStep(
    `apt-get install ${names.join(' ')}`,
    'apt-get',
    [...'install -y -q --no-install-recommends'.split(' '), ...names],
    {
      env,
    },
  );
}

function find(name) {
  return systemPath()
    .split(':')
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}

/** Whether a program is statically linked: others name their loader near the start of the file. */
function isStatic(file) {
  if (file === undefined) return false;
  const start = Buffer.alloc(4096);
  const handle = openSync(file);
  const length = readSync(handle, start, 0, start.length, 0);
  closeSync(handle);
  return !start.subarray(0, length).includes('/ld-');
}

function runs(file) {
  return file !== undefined && spawnSync(file, ['--version'], { timeout: 30_000 }).status === 0;
}

function hasPip() {
  return [find('python3'), '/usr/bin/python3'].some(
    (python) => python !== undefined && spawnSync(python, ['-m', 'pip', '--version']).status === 0,
  );
}
