import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundledPackage } from './bundled-packages.ts';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

const SHARED_LIBRARIES = `The C library (glibc, LGPL-2.1-or-later) and the runtime libraries of GCC (GPL-3.0-or-later with the GCC Runtime Library
Exception) are copied unchanged from the distribution on which this was built. Their sources are those of that distribution.
The texts of these licences stand at the end.
`;

/** Licence texts that no source package contains. */
const LICENCES = fileURLToPath(new URL('../licences/', import.meta.url));
const OF_SHARED_LIBRARIES = ['LGPL-2.1-or-later', 'GPL-3.0-or-later', 'GCC-exception-3.1'];

/**
 * The licences of all third-party code in the plugin, each with its text.
 *
 * @param nodeLicense Node's licence text, which includes those of its libraries.
 */
export async function thirdPartyNotices(packages: readonly BundledPackage[], nodeLicense: string): Promise<string> {
  const others = new Set(OF_SHARED_LIBRARIES);
  const sections = await Promise.all(
    packages.map(async ({ name, version, license, directory }) => {
      const own = await licenseText(directory);
      if (own === null) others.add(license);
      return { title: `${name} ${version} (${license})`, text: own ?? withoutText(license) };
    }),
  );
  const texts = await Promise.all(
    [...others].sort().map(async (license) => ({ title: license, text: await textOf(license) })),
  );
  const all = [
    { title: `Node.js ${process.version}`, text: nodeLicense },
    { title: 'Shared libraries', text: SHARED_LIBRARIES },
    ...sections,
    ...texts,
  ];
  const line = '='.repeat(100);
  return all.map(({ title, text }) => `${line}\n${title}\n${line}\n\n${text.trim()}\n`).join('\n');
}

/** A package's licence text; `null` if it has only package.json. */
async function licenseText(directory: string): Promise<string | null> {
  const files = (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && LICENSE_FILE.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.length > 0 ? texts.join('\n\n') : null;
}

function withoutText(license: string): string {
  return `The package names its licence, ${license}, and has no file with its text, which stands at the end.`;
}

async function textOf(license: string): Promise<string> {
  try {
    return await readFile(join(LICENCES, `${license}.txt`), 'utf8');
  } catch (error) {
    throw new Error(`a package without a licence's text has the licence ${license}: add it to ${LICENCES}`, {
      cause: error,
    });
  }
}
