// Builds dist/plugin for `docker plugin create NAME dist/plugin`: config.json, rootfs/ and the bill of materials. The plugin must
// be bundled.
//   build.ts [--entry FILE] [--platform linux/amd64|linux/arm64] [--libraries DIRECTORY] [DIRECTORY]
// --entry builds the plugin that FILE starts with runPlugin and its own providers; see docs/examples/provider-adapter.
// --platform builds for another machine, in dist/plugin-arm64 or dist/plugin-amd64, with libraries from a directory; see
// target-platform.ts.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { bundledPackages, type Metafile } from './bundled-packages.ts';
import { thirdPartyNotices } from './notices.ts';
import { pluginConfig } from './plugin-config.ts';
import { makeRootFileSystem, settle } from './root-file-system.ts';
import { softwareBillOfMaterials } from './sbom.ts';
import { targetPlatform } from './target-platform.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { entry: { type: 'string' }, platform: { type: 'string' }, libraries: { type: 'string' } },
});
const suffix = values.platform?.replace('linux/', '-') ?? '';
const target = positionals[0] ?? join(root, `dist/plugin${suffix}`);

const cache = join(root, 'node_modules/.cache/vault-swarm-plugin');
await mkdir(cache, { recursive: true });
const bundle = await mkdtemp(join(cache, 'bundle-'));
await (values.entry === undefined ? copyBundle(bundle) : bundleEntry(values.entry, bundle));
const metafile = JSON.parse(await readFile(join(bundle, 'metafile.json'), 'utf8')) as Metafile;
const variables = await configurable(join(bundle, 'main.js'));
const packages = await bundledPackages(metafile, root);
const { arch, node, nodeRelease, nodeLicense, libraries } = await targetPlatform({
  platform: values.platform,
  libraries: values.libraries,
  ...{ root, work: cache },
});

// Build in a second directory and then replace the old one, so that readers never see half of it.
const work = `${target}.new`;
await rm(work, { recursive: true, force: true });
await mkdir(join(work, 'rootfs'), { recursive: true });
const notices = await thirdPartyNotices(packages, nodeLicense);
await makeRootFileSystem(join(work, 'rootfs'), { bundle, arch, node, libraries, notices });
await writeFile(join(work, 'config.json'), `${JSON.stringify(pluginConfig(variables), undefined, 2)}\n`);
const nodeOfPlugin = { release: nodeRelease, shipped: join(work, 'rootfs/bin/node') };
const sbom = await softwareBillOfMaterials(root, { packages, libraries, node: nodeOfPlugin });
await writeFile(join(work, 'sbom.cdx.json'), sbom);
await settle(work);
await rm(target, { recursive: true, force: true });
await rename(work, target);
await rm(bundle, { recursive: true });

/**
 * Copies the bundle and compiles it again: a plugin that ran from apps/plugin/dist may have replaced compiled code there,
 * with the paths of this machine.
 */
async function copyBundle(directory: string): Promise<void> {
  await cp(join(root, 'apps/plugin/dist'), directory, { recursive: true });
  await run('apps/plugin/compile-cache.mjs', directory);
}

/** Bundles the plugin with another entry. Relative paths start where npm was called. */
async function bundleEntry(entry: string, directory: string): Promise<void> {
  await run('apps/plugin/build.mjs', resolve(process.env.INIT_CWD ?? '.', entry), directory);
}

async function run(script: string, ...args: readonly string[]): Promise<void> {
  const command = ['--conditions=@vault-swarm/source', join(root, script), ...args];
  await promisify(execFile)(process.execPath, command, { cwd: root });
}

/** The environment variables of a bundled plugin, from the plugin itself: it may have kinds of provider that this build does not know. */
async function configurable(main: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--describe']);
  if (stdout === '') throw new Error(`${values.entry} starts no plugin: it must call runPlugin of @vault-swarm/plugin`);
  const { variables } = JSON.parse(stdout) as { readonly variables: readonly string[] };
  return variables;
}

const files = (await readdir(target, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
process.stdout.write(`${target}: ${files.length} files, ${megabytes.toFixed(1)} MB\n`);
