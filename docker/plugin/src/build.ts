// Makes dist/plugin: config.json, rootfs/ and the bill of materials, as `docker plugin create NAME dist/plugin` takes
// them. The plugin must be bundled. With an argument, into that folder instead.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '@vault-swarm/plugin/settings';
import { bundledPackages, type Metafile } from './bundled-packages.ts';
import { thirdPartyNotices } from './notices.ts';
import { pluginConfig } from './plugin-config.ts';
import { makeRootFileSystem, settle } from './root-file-system.ts';
import { softwareBillOfMaterials } from './sbom.ts';
import { sharedLibraries } from './shared-libraries.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const bundle = join(root, 'apps/plugin/dist');
const target = process.argv[2] ?? join(root, 'dist/plugin');

// The pinned Node runs this, and is what the plugin runs on.
const node = process.execPath;
const metafile = JSON.parse(await readFile(join(bundle, 'metafile.json'), 'utf8')) as Metafile;
const packages = await bundledPackages(metafile, root);
const libraries = await sharedLibraries(node);
const nodeLicense = await readFile(join(dirname(node), '../LICENSE'), 'utf8');

// Beside it first: who builds again meets the old one or the new one.
const work = `${target}.new`;
await rm(work, { recursive: true, force: true });
await mkdir(join(work, 'rootfs'), { recursive: true });
const notices = await thirdPartyNotices(packages, nodeLicense);
await makeRootFileSystem(join(work, 'rootfs'), { bundle, node, libraries, notices });
await writeFile(join(work, 'config.json'), `${JSON.stringify(pluginConfig(settings), undefined, 2)}\n`);
await writeFile(join(work, 'sbom.cdx.json'), await softwareBillOfMaterials(root, { packages, libraries }));
await settle(work);
await rm(target, { recursive: true, force: true });
await rename(work, target);

const files = (await readdir(target, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
process.stdout.write(`${target}: ${files.length} files, ${megabytes.toFixed(1)} MB\n`);
