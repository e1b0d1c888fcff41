import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A package with code in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** From its package.json. */
  readonly license: string;
  /** Where it is installed. */
  readonly directory: string;
}

/** The part of esbuild's metafile that is read here. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

/**
 * The third-party packages in a bundle, sorted by name and version.
 *
 * @param root the directory to which the metafile's paths are relative.
 */
export async function bundledPackages(metafile: Metafile, root: string): Promise<readonly BundledPackage[]> {
  const directories = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [directory] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
      if (directory !== undefined && bytesInOutput > 0) directories.add(directory);
    }
  }
  const packages = await Promise.all([...directories].map((directory) => describe(join(root, directory))));
  const byKey = new Map(packages.map((found) => [`${found.name}@${found.version}`, found]));
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type: string };
  readonly licenses?: readonly { readonly type: string }[];
}

async function describe(directory: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest;
  const { name, version, license = manifest.licenses?.[0] } = manifest;
  return {
    name,
    version,
    directory,
    license: (typeof license === 'object' ? license.type : license) ?? 'see its text',
  };
}
