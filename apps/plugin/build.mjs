// Bundles the plugin into apps/plugin/dist, with the dashboard.
//   build.mjs [ENTRY DIRECTORY]
// bundles another entry into a directory, with the existing build of the dashboard.
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundlePlugin } from './bundle.mjs';
import { writeCompileCache } from './compile-cache.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const [entry, target] = process.argv.slice(2);
const directory = target === undefined ? path('dist') : resolve(target);

const metafile = await bundlePlugin(entry === undefined ? path('src/main.ts') : resolve(entry), directory);
await writeCompileCache(directory);
const page = entry === undefined ? await buildDashboard() : await copyDashboard();
// The inputs of the bundle, for the licences and the bill of materials of the managed plugin.
await writeFile(join(directory, 'metafile.json'), JSON.stringify({ outputs: { ...metafile.outputs, ...page } }));

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`${directory}: ${Object.keys(metafile.outputs).length} files, ${(bytes / 1e6).toFixed(1)} MB\n`);

/** Its contents, as esbuild describes them. The composition finds it in ../static, relative to a chunk of its code. */
async function buildDashboard() {
  await promisify(execFile)(process.execPath, [path('../dashboard/node_modules/vite/bin/vite.js'), 'build'], {
    cwd: path('../dashboard'),
  });
  await rm(path('dist/static'), { recursive: true, force: true });
  await cp(path('../dashboard/dist'), path('dist/static'), { recursive: true });
  const { outputs } = JSON.parse(await readFile(path('dist/static/metafile.json'), 'utf8'));
  await rm(path('dist/static/metafile.json'));
  return outputs;
}

async function copyDashboard() {
  await cp(path('dist/static'), join(directory, 'static'), { recursive: true });
  const { outputs } = JSON.parse(await readFile(path('dist/metafile.json'), 'utf8'));
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith('assets/')));
}
