// Sets up the repository: installs the dependencies that the lockfile pins, and builds the products. Each step runs only if its
// inputs have changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemPath } from '../sandbox/sandbox.mjs';
import { commandStep, SetupError, say } from './step.mjs';

export const root = fileURLToPath(new URL('../../../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const stamps = join(root, 'node_modules/.vault-swarm');

/** The Node that the lockfile pins. The system's own Node runs only the set-up. */
const pinnedNode = join(root, `node_modules/node-linux-${process.arch}/bin`);

/** The environment for all steps after the installation: PATH starts with the pinned Node and the repository's tools. */
export function projectEnv() {
  return { ...process.env, PATH: systemPath(`${pinnedNode}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`) };
}

export function checkMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new SetupError(`Node ${process.versions.node} is too old: version 20 or later is needed`);
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new SetupError(`Linux on x64 or arm64 is needed, this is ${process.platform} on ${process.arch}`);
  }
}

export async function install() {
  const hash = hashOf(['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()], process.arch);
  if (isStamped('installed', hash) && existsSync(join(pinnedNode, 'node'))) return;
  // npx brings the very pnpm that package.json names, so pnpm need not look for it itself.
  const args = ['--yes', manifest.packageManager, 'install', '--frozen-lockfile', '--pm-on-fail=ignore'];
  await commandStep('installing the dependencies', 'npx', args, { cwd: root });
  stamp('installed', hash);
}

/** Bundles the plugin and the command line. */
export async function bundle() {
  const hash = sourceHash();
  const products = ['apps/plugin/dist/main.js', 'apps/cli/dist/vault-swarm.js'];
  if (isStamped('bundled', hash) && products.every((file) => existsSync(join(root, file)))) return;
  for (const [name, app] of [
    ['plugin', 'plugin'],
    ['command line', 'cli'],
  ]) {
    const args = ['--conditions=@vault-swarm/source', `apps/${app}/build.mjs`];
    await commandStep(`bundling the ${name}`, 'node', args, { cwd: root, env: projectEnv() });
  }
  stamp('bundled', hash);
}

/** Builds the managed plugin in dist/plugin. With arguments for build.ts, it always builds. */
export async function buildPlugin({ tell = false, args = [] } = {}) {
  await bundle();
  const hash = sourceHash();
  if (args.length > 0 || !isStamped('plugin', hash) || !existsSync(join(root, 'dist/plugin/config.json'))) {
    const script = ['--conditions=@vault-swarm/source', 'docker/plugin/src/build.ts', ...args];
    const said = await commandStep('building the managed plugin', 'node', script, { cwd: root, env: projectEnv() });
    if (tell) say(said.trimEnd());
    // Another entry may have built another plugin in the same directory.
    stamp('plugin', args.length === 0 ? hash : '');
  } else if (tell) say('dist/plugin is up to date');
}

/** Builds everything: the packages with their types, the plugin, the managed plugin, and the command line. */
export async function build() {
  const hash = sourceHash();
  if (!isStamped('compiled', hash)) {
    await commandStep('compiling', 'tsc', ['-b'], { cwd: root, env: projectEnv() });
    stamp('compiled', hash);
  }
  await buildPlugin();
}

const sourceHash = () =>
  hashOf(
    ['pnpm-lock.yaml', 'tsconfig.base.json', ...sources('apps'), ...sources('docker'), ...sources('packages')],
    '',
  );

/** Runs the checks of package.json: format, lint, types, dependency rules, unused code. */
export function check() {
  return commandStep('checking the code', 'sh', ['-c', manifest.scripts.check], { cwd: root, env: projectEnv() });
}

function manifests() {
  return ['apps', 'docker', 'packages/core', 'packages/adapters', 'packages/testing'].flatMap((directory) =>
    readdirSync(join(root, directory))
      .map((name) => join(directory, name, 'package.json'))
      .filter((file) => existsSync(join(root, file))),
  );
}

function sources(directory) {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : sources(path);
    return entry.isFile() && !entry.name.endsWith('.tsbuildinfo') ? [path] : [];
  });
}

function hashOf(files, salt) {
  const hash = createHash('sha256').update(salt);
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isStamped(name, hash) {
  const file = join(stamps, name);
  return existsSync(file) && readFileSync(file, 'utf8') === hash;
}

function stamp(name, hash) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), hash);
}
