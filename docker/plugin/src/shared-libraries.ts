import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loaderOf } from './elf.ts';

/** Before this version glibc loads libraries of its own when it looks a name up, which no program names. */
const NAMES_WITHIN_GLIBC = 2.34;
const NAME_SERVICES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/**
 * The files, besides itself, that a program needs to run: its loader and the shared libraries, under the paths by which
 * the loader finds them, sorted.
 *
 * @throws where one is not found, or the machine has another C library than glibc.
 */
export async function sharedLibraries(program: string): Promise<readonly string[]> {
  const [major = 0, minor = 0] = glibcVersion().split('.').map(Number);
  const loader = loaderOf(await readFile(program));
  const { stdout } = await promisify(execFile)(loader, ['--list', program]);
  const found = stdout.split('\n').flatMap((line) => {
    if (line.includes('not found')) throw new Error(`a shared library of ${program} is missing:${line}`);
    const [, path] = /=> (\/\S+) \(/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  const libc = found.find((path) => basename(path) === 'libc.so.6');
  if (libc === undefined) throw new Error('the managed plugin is built on a machine with glibc');
  const isOld = major + minor / 100 < NAMES_WITHIN_GLIBC;
  const forNames = isOld ? NAME_SERVICES.map((name) => join(dirname(libc), name)) : [];
  return [...new Set([loader, ...found, ...forNames])].sort();
}

/** The version of the C library that this process runs on. */
export function glibcVersion(): string {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? '0';
}
