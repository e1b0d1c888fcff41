// Bundles the plugin into apps/plugin/dist: main.js, which is all that is needed to answer for a secret, chunks that it
// imports once the socket listens, and the dashboard. One file is read faster than a thousand small ones.
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { leanUndici } from './lean-undici.mjs';
import { leaveOutUnused } from './unused-packages.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

await rm(path('dist/chunks'), { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [path('src/main.ts')],
  outdir: path('dist'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  sourcemap: 'linked',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  conditions: ['@vault-swarm/source'],
  metafile: true,
  // CommonJS packages in the bundle call `require` for Node's own modules.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
  plugins: [
    {
      // An `import` of this module reads everything that it exports, and some of that loads Node's own WebSocket and fetch,
      // while the engine waits for the socket.
      name: 'take-http-as-it-is',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
          kind === 'require-call' ? undefined : { path: 'node:http', namespace: 'builtin' },
        );
        onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => ({
          contents: `module.exports = process.getBuiltinModule('${name}');`,
        }));
      },
    },
    leanUndici,
    leaveOutUnused,
  ],
});
// The composition looks for it in ../static from where its code is: a chunk.
await promisify(execFile)(process.execPath, [path('../dashboard/node_modules/vite/bin/vite.js'), 'build'], {
  cwd: path('../dashboard'),
});
await rm(path('dist/static'), { recursive: true, force: true });
await cp(path('../dashboard/dist'), path('dist/static'), { recursive: true });
const page = JSON.parse(await readFile(path('dist/static/metafile.json'), 'utf8'));
await rm(path('dist/static/metafile.json'));

// What is in it, for the licences and the bill of materials of the managed plugin.
await writeFile(path('dist/metafile.json'), JSON.stringify({ outputs: { ...metafile.outputs, ...page.outputs } }));

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(
  `apps/plugin/dist: ${Object.keys(metafile.outputs).length} files, ${(bytes / 1e6).toFixed(1)} MB\n`,
);
