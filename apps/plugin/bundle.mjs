// Bundles the plugin's code: plugin.mjs imports one chunk with all that is needed to deliver a secret, and others after the socket
// listens. One file loads faster than a thousand small ones.
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.mjs';
import { leanUndici } from './lean-undici.mjs';
import { oneEagerChunk } from './one-eager-chunk.mjs';

const home = fileURLToPath(new URL('.', import.meta.url));

/**
 * For esbuild: resolves our packages from here for every entry, so that there is one copy of each, with one
 * ProviderError.
 */
const ownPackages = {
  name: 'take-own-packages-from-here',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@vault-swarm\// }, async ({ path, kind, pluginData }) => {
      if (pluginData === 'from here') return undefined;
      const found = await resolve(path, { kind, resolveDir: home, pluginData: 'from here' });
      // What only an adapter depends on is not found from here, but from there.
      return found.errors.length === 0 ? found : undefined;
    });
  },
};

/** Bundles the plugin whose `main` is the file `entry` into a directory. Resolves with esbuild's metafile. */
export async function bundlePlugin(entry, directory) {
  await rm(join(directory, 'chunks'), { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: { plugin: entry },
    outdir: directory,
    chunkNames: 'chunks/[name]-[hash]',
    // For each file with another name, Node looks for a package.json that says what it is.
    outExtension: { '.js': '.mjs' },
    splitting: true,
    ...bundleOptions([
      oneEagerChunk,
      ownPackages,
      {
        // Importing this module would evaluate all of its exports. Some of them load Node's WebSocket and fetch while
        // the engine waits for the socket.
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
    ]),
  });
  await copyFile(join(home, 'launcher.mjs'), join(directory, 'main.js'));
  return metafile;
}
