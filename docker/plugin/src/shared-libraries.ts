import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { loaderOf } from './elf.ts';

/** Since this version glibc looks names up without libraries that it loads only then. */
const OLDEST_GLIBC = 2.34;

/**
 * The files, besides itself, that a program needs to run: its loader and the shared libraries, under the paths by which
 * the loader finds them, sorted.
 *
 * @throws where one is not found, or the machine's glibc is too old to be copied so.
 */
export async function sharedLibraries(program: string): Promise<readonly string[]> {
  const version = glibcVersion();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major + minor / 100 < OLDEST_GLIBC) {
    throw new Error(`glibc ${version} is too old: the plugin is built on a machine with ${OLDEST_GLIBC} or later`);
  }
  const loader = loaderOf(await readFile(program));
  const { stdout } = await promisify(execFile)(loader, ['--list', program]);
  const found = stdout.split('\n').flatMap((line) => {
    if (line.includes('not found')) throw new Error(`a shared library of ${program} is missing:${line}`);
    const [, path] = /=> (\/\S+) \(/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  return [...new Set([loader, ...found])].sort();
}

/** The version of the C library that this process runs on. */
export function glibcVersion(): string {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? '0';
}
