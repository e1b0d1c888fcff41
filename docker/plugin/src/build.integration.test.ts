import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./build.ts', import.meta.url));
let directory: string;
let target: string;

const build = (into: string, ...args: readonly string[]) =>
  run(process.execPath, ['--conditions=@vault-swarm/source', script, ...args, into]);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'managed-'));
  target = join(directory, 'plugin');
  await build(target);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Everything in a directory: kind, mode, time and content, by path. */
async function listing(top: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = await lstat(path);
      const content = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : '';
      return [relative(top, path), `${mode.toString(8)} ${mtimeMs} ${content}`] as const;
    }),
  );
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the same sources give the same files, with the same modes and times', async () => {
  const again = join(directory, 'again');
  await build(again);
  expect(await listing(again)).toEqual(await listing(target));
});

const platform = `linux/${process.arch.replace('x64', 'amd64')}`;

test('from a directory of libraries, as for another machine, it has the same ones', async () => {
  const libraries = join(directory, 'libraries');
  for (const entry of await readdir(join(target, 'rootfs'), { recursive: true, withFileTypes: true })) {
    if (/\.so\.\d+$/.test(entry.name)) await cp(join(entry.parentPath, entry.name), join(libraries, entry.name));
  }
  const other = join(directory, 'other');
  await build(other, '--platform', platform, '--libraries', libraries);
  // Their directory is called otherwise where this machine is no Debian.
  const names = (files: Readonly<Record<string, string>>) =>
    Object.entries(files).flatMap(([path, what]) =>
      /rootfs.*\.so\.\d+$/.test(path) ? `${basename(path)} ${what}` : [],
    );
  expect(names(await listing(other)).sort()).toEqual(names(await listing(target)).sort());
});

test('for another machine without its libraries it says what to install', async () => {
  const libraries = join(directory, 'nothing');
  await expect(build(join(directory, 'none'), '--platform', platform, '--libraries', libraries)).rejects.toThrow(
    /the libraries of \w+ are not in .*: install Debian's libc6-\w+-cross libstdc\+\+6-\w+-cross/,
  );
  await expect(build(join(directory, 'none'), '--platform', 'linux/riscv64')).rejects.toThrow(
    '--platform linux/riscv64 is not linux/amd64 or linux/arm64',
  );
});

test('there is no link, no shell and no package manager in its root file system', async () => {
  const entries = await readdir(join(target, 'rootfs'), { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => !entry.isFile() && !entry.isDirectory())).toEqual([]);
  const directories = new Set(
    entries.filter((entry) => entry.isFile()).map((entry) => relative(join(target, 'rootfs'), entry.parentPath)),
  );
  const programs = entries.filter((entry) => entry.parentPath.endsWith('/bin')).map(({ name }) => name);
  expect(programs).toEqual(['node']);
  expect([...directories].some((path) => path.includes('node_modules'))).toBe(false);
});

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly 'bom-ref': string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
}

interface Sbom {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Components, and the parts of each behind it. */
const withParts = (components: readonly Component[]): readonly Component[] =>
  components.flatMap((component) => [component, ...withParts(component.components ?? [])]);

const sbom = () => readFile(join(target, 'sbom.cdx.json'), 'utf8');

test('its bill of materials is CycloneDX, to the letter of the schema', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot7);
  expect(await validator.validate(await sbom())).toBeNull();
  const broken = (await sbom()).replace('"type": "library"', '"type": "lib"');
  expect(await validator.validate(broken)).not.toBeNull();
});

test('it names each bundled package once, with its licence, Node, and the shared libraries', async () => {
  const { components, dependencies } = JSON.parse(await sbom()) as Sbom;
  const all = withParts(components);
  const references = all.map((component) => component['bom-ref']);
  expect(new Set(references).size).toBe(references.length);
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', 'undici', 'dockerode', 'express']));
  // What the bundle leaves out is none of it.
  expect(names).not.toContain('ssh2');
  expect(all.filter(({ type, licenses = [] }) => licenses.length === 0 && type !== 'file')).toEqual([]);
  const named = dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
  expect(named.filter((reference) => !references.includes(reference))).toEqual([]);
});

test('it has what is built into Node, with versions and package URLs', async () => {
  const { components } = JSON.parse(await sbom()) as Sbom;
  const node = components.find(({ name }) => name === 'node');
  const parts = new Map(node?.components?.map(({ name, version, purl }) => [name, { version, purl }]));
  for (const [name, key] of [
    ['openssl', 'openssl'],
    ['v8', 'v8'],
    ['libuv', 'uv'],
    ['zlib', 'zlib'],
    ['c-ares', 'ares'],
  ] as const) {
    const version = process.versions[key];
    expect(parts.get(name)).toEqual({ version, purl: `pkg:generic/${name}@${version}` });
  }
  // It is another version than the one in the bundle.
  expect(parts.get('undici')).toEqual({
    version: process.versions.undici,
    purl: `pkg:npm/undici@${process.versions.undici}`,
  });
});

test('its digests of Node and of the shared libraries are those of the files that are shipped', async () => {
  const rootfs = join(target, 'rootfs');
  const { components } = JSON.parse(await sbom()) as Sbom;
  const digests = withParts(components).flatMap(({ 'bom-ref': reference, hashes = [] }) => {
    const path = reference.startsWith('node@') ? '/bin/node' : reference.replace(/^file:/, '');
    return path.startsWith('/') ? [[path, hashes] as const] : [];
  });
  const shared = (await readdir(rootfs, { recursive: true })).filter((path) => /\.so(\.\d+)*$/.test(path));
  expect(digests.map(([path]) => path).sort()).toEqual(['/bin/node', ...shared.map((path) => `/${path}`)].sort());
  for (const [path, hashes] of digests) {
    const content = createHash('sha256')
      .update(await readFile(join(rootfs, path)))
      .digest('hex');
    expect([path, hashes]).toEqual([path, [{ alg: 'SHA-256', content }]]);
  }
});

test('the shared libraries are those of packages of the distribution, if it has dpkg', async () => {
  const { components } = JSON.parse(await sbom()) as Sbom;
  const ofPackages = components.filter(({ purl = '' }) => purl.startsWith('pkg:deb/'));
  const libc = ofPackages.find(({ name }) => name === 'libc6');
  const installed = await run('dpkg-query', ['--show', 'libc6']).then(
    ({ stdout }) => stdout.trim().split('\t')[1],
    () => undefined,
  );
  expect(libc?.version).toBe(installed);
  if (installed === undefined) return;
  expect(libc?.purl).toMatch(/^pkg:deb\/\w+\/libc6@[^?]+\?arch=\w+&distro=[\w.-]+&upstream=glibc$/);
  expect(libc?.components?.map(({ name }) => basename(name))).toContain('libc.so.6');
});

test('each package and each licence of a library has its text in the notices, and no file names a directory of the build', async () => {
  const home = join(target, 'rootfs/opt/vault-swarm');
  const notices = await readFile(join(home, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const text of ['GNU LESSER GENERAL PUBLIC LICENSE', 'GCC RUNTIME LIBRARY EXCEPTION', 'undici', 'preact']) {
    expect(notices).toContain(text);
  }
  const { components } = JSON.parse(await sbom()) as Sbom;
  const packages = components.filter((component) => /^pkg:npm\/(?!%40vault-swarm)/.test(component['bom-ref']));
  expect(packages.map(({ name }) => name).filter((name) => !notices.includes(name))).toEqual([]);

  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const files = await readdir(home, { recursive: true, withFileTypes: true });
  for (const entry of files.filter((file) => file.isFile())) {
    expect(await readFile(join(entry.parentPath, entry.name), 'utf8')).not.toContain(root);
  }
});
