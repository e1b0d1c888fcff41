import { basename } from 'node:path';
import type { Component } from './component.ts';
import { packageOf } from './debian-packages.ts';
import { sha256 } from './node-release.ts';
import { glibcVersion, type Library } from './shared-libraries.ts';

const GLIBC = { licenses: [{ license: { id: 'LGPL-2.1-or-later' } }] };
const GCC_RUNTIME = { licenses: [{ expression: 'GPL-3.0-or-later WITH GCC-exception-3.1' }] };

/**
 * The C and C++ libraries: one component for each package of the distribution, with its files as parts. A file without a package
 * is a component of its own.
 */
export async function libraryComponents(libraries: readonly Library[]): Promise<readonly Component[]> {
  const glibc = await glibcVersion(libraries);
  const byReference = new Map<string, Component & { readonly components: Component[] }>();
  const single: Component[] = [];
  for (const { path, file } of libraries) {
    const isGlibc = /^(ld-linux|lib(c|m|dl|pthread|resolv|nss_\w+)\.)/.test(basename(path));
    const licences = isGlibc ? GLIBC : GCC_RUNTIME;
    const hashes = [{ alg: 'SHA-256', content: await sha256(file) }];
    const found = await packageOf(file);
    if (found === null) {
      const version = isGlibc ? { version: glibc } : {};
      single.push({
        type: 'library',
        name: basename(path),
        ...version,
        'bom-ref': `file:${path}`,
        hashes,
        ...licences,
      });
      continue;
    }
    const { name, version, purl } = found;
    const whole = byReference.get(purl) ?? {
      type: 'library',
      name,
      version,
      purl,
      'bom-ref': purl,
      ...licences,
      components: [],
    };
    whole.components.push({ type: 'file', name: path, 'bom-ref': `file:${path}`, hashes });
    byReference.set(purl, whole);
  }
  return [...byReference.values(), ...single];
}
