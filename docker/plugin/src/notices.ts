import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

const SHARED_LIBRARIES = `The C library (glibc, LGPL-2.1-or-later) and the runtime libraries of GCC (GPL-3.0-or-later with the GCC Runtime Library
Exception) are copied unchanged from the machine on which this was built. Their sources are those of its distribution.
`;

/**
 * The licences of everything in the plugin that others wrote.
 *
 * @param nodeLicense the text that comes with Node, which has those of its own parts in it.
 */
export async function thirdPartyNotices(packages: readonly BundledPackage[], nodeLicense: string): Promise<string> {
  const sections = await Promise.all(
    packages.map(async ({ name, version, license, folder }) => ({
      title: `${name} ${version} (${license})`,
      text: await licenseText(folder),
    })),
  );
  const all = [
    { title: `Node.js ${process.version}`, text: nodeLicense },
    { title: 'Shared libraries', text: SHARED_LIBRARIES },
    ...sections,
  ];
  const line = '='.repeat(100);
  return all.map(({ title, text }) => `${line}\n${title}\n${line}\n\n${text.trim()}\n`).join('\n');
}

/** A package's own words; its package.json is all there is of some. */
async function licenseText(folder: string): Promise<string> {
  const files = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && LICENSE_FILE.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.length > 0 ? texts.join('\n\n') : 'The package has no file with the text of its licence.';
}
