import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import type { BundledPackage } from './bundled-packages.ts';
import type { Component } from './component.ts';
import { libraryComponents } from './library-components.ts';
import { nodeComponent } from './node-component.ts';
import type { NodeRelease } from './node-release.ts';
import type { Library } from './shared-libraries.ts';

/** The part of a CycloneDX document that is read here. */
interface Sbom {
  readonly metadata: { readonly timestamp?: string };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

/** Components that pnpm does not know. */
export interface SbomParts {
  readonly packages: readonly BundledPackage[];
  readonly libraries: readonly Library[];
  readonly node: {
    /** The plugin's Node. */
    readonly release: NodeRelease;
    /** Its binary in the root file system. */
    readonly shipped: string;
  };
}

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The software bill of materials as CycloneDX JSON: the dependencies of plugin and dashboard by pnpm, without those that are not in
 * the bundle, and with Node, its built-in libraries, and the shared libraries. It has no time or random number, so that the same
 * sources give the same bytes.
 *
 * @param root the repository's directory.
 */
export async function softwareBillOfMaterials(root: string, { packages, libraries, node }: SbomParts): Promise<string> {
  const document = await askPnpm(root);
  const bundled = new Set(packages.map(({ name, version }) => purl(name, version)));
  const own = (reference: string | undefined) => reference?.startsWith(purl('@vault-swarm', '').slice(0, -1)) ?? false;
  const isIn = (reference: string | undefined) => own(reference) || bundled.has(reference ?? '');
  // The build runs on the same release of Node that it packs, possibly for another architecture.
  const nodeItself = await nodeComponent(node.release, node.shipped, process.versions);
  const shared = await libraryComponents(libraries);
  const foreign = packages
    .filter(({ directory }) => relative(root, directory).startsWith('..'))
    .map(foreignComponent)
    .filter(({ purl: id }) => !document.components.some((component) => component.purl === id));
  const components = [
    ...foreign,
    ...document.components
      .filter((component) => isIn(component.purl))
      .map((component) => licensed(component, packages)),
    nodeItself,
    ...shared,
  ];
  const missing = [...bundled].filter((wanted) => !components.some((component) => component.purl === wanted));
  if (missing.length > 0) throw new Error(`pnpm's bill of materials lacks ${missing.join(', ')}`);
  const { timestamp: _timestamp, ...metadata } = document.metadata;
  const complete = {
    ...document,
    metadata,
    components: components.sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: [
      ...document.dependencies
        .filter(({ ref }) => isIn(ref))
        .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isIn).sort() })),
      ...foreign.map((component) => ({ ref: component['bom-ref'], dependsOn: [] })),
      { ref: nodeItself['bom-ref'], dependsOn: shared.map((component) => component['bom-ref']).sort() },
    ].sort((a, b) => (a.ref < b.ref ? -1 : 1)),
    serialNumber: undefined,
  };
  return `${JSON.stringify(complete, undefined, 2)}\n`;
}

async function askPnpm(root: string): Promise<Sbom> {
  const { packageManager } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { packageManager: string };
  const sbom = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--prod'];
  const args = [
    '--yes',
    '--prefer-offline',
    packageManager,
    '--pm-on-fail=ignore',
    ...['@vault-swarm/plugin', '@vault-swarm/dashboard'].flatMap((name) => ['--filter', name]),
    ...sbom,
  ];
  const { stdout } = await promisify(execFile)('npx', args, { cwd: root, maxBuffer: MAX_BYTES });
  return JSON.parse(stdout) as Sbom;
}

/** A package of another entry. It is not in the workspace, so pnpm does not know it. */
function foreignComponent({ name, version, license }: BundledPackage): Component {
  const id = purl(name, version);
  return { type: 'library', name, version, 'bom-ref': id, purl: id, licenses: [{ license: { name: license } }] };
}

/** pnpm omits licences in the old format of package.json. */
function licensed(component: Component, packages: readonly BundledPackage[]): Component {
  if (component.licenses !== undefined) return component;
  const found = packages.find(({ name, version }) => component.purl === purl(name, version));
  return found === undefined ? component : { ...component, licenses: [{ license: { name: found.license } }] };
}

/** @see https://github.com/package-url/purl-spec */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
