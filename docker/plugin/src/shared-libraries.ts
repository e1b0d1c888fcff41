import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loaderOf, neededBy } from './elf.ts';

/** A shared library, or the loader. */
export interface Library {
  /** The name by which the loader finds it. */
  readonly path: string;
  /** Its current path. */
  readonly file: string;
}

/** Older versions of glibc load more libraries for name lookups, which no program names. */
const NAMES_WITHIN_GLIBC = 2.34;
const NAME_SERVICES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/**
 * The files that a program of this machine needs to run: its loader and shared libraries, sorted by path.
 *
 * @throws if a file is missing, or the machine's C library is not glibc.
 */
export async function sharedLibraries(program: string): Promise<readonly Library[]> {
  const loader = loaderOf(await readFile(program));
  const { stdout } = await promisify(execFile)(loader, ['--list', program]);
  const found = stdout.split('\n').flatMap((line) => {
    if (line.includes('not found')) throw new Error(`a shared library of ${program} is missing:${line}`);
    const [, path] = /=> (\/\S+) \(/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  const directory = dirname(cLibraryIn(found));
  const forNames = await nameServices(directory);
  return sorted(
    [loader, ...found, ...forNames.map((name) => join(directory, name))].map((path) => ({ path, file: path })),
  );
}

/**
 * The same for a program of another machine, whose libraries are all in one directory.
 *
 * @param path of the directory in which that machine's loader finds them.
 * @throws if a file is missing.
 */
export async function librariesIn(directory: string, program: string, path: string): Promise<readonly Library[]> {
  const elf = await readFile(program);
  const loader = loaderOf(elf);
  const names = new Set(neededBy(elf));
  // The loop includes entries that are added to the set during it.
  for (const name of names) for (const needed of neededBy(await readFile(join(directory, name)))) names.add(needed);
  cLibraryIn([...names]);
  for (const name of await nameServices(directory)) names.add(name);
  names.delete(basename(loader));
  return sorted([
    { path: loader, file: join(directory, basename(loader)) },
    ...[...names].map((name) => ({ path: join(path, name), file: join(directory, name) })),
  ]);
}

/** The version of the C library among them. */
export async function glibcVersion(libraries: readonly Library[]): Promise<string> {
  const { file } = libraries.find(({ path }) => basename(path) === 'libc.so.6') ?? { file: '' };
  return versionOfCLibrary(file);
}

async function versionOfCLibrary(file: string): Promise<string> {
  const [, version] = /GNU C Library [^\n]* release version (\d+\.\d+)/.exec(await readFile(file, 'latin1')) ?? [];
  if (version === undefined) throw new Error(`${file} does not say which version of glibc it is`);
  return version;
}

function cLibraryIn(paths: readonly string[]): string {
  const libc = paths.find((path) => basename(path) === 'libc.so.6');
  if (libc === undefined) throw new Error('the managed plugin is built from a glibc');
  return libc;
}

async function nameServices(directory: string): Promise<readonly string[]> {
  const [major = 0, minor = 0] = (await versionOfCLibrary(join(directory, 'libc.so.6'))).split('.').map(Number);
  return major + minor / 100 < NAMES_WITHIN_GLIBC ? NAME_SERVICES : [];
}

function sorted(libraries: readonly Library[]): readonly Library[] {
  const byPath = new Map(libraries.map((library) => [library.path, library]));
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
