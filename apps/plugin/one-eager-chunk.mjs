import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const eager = fileURLToPath(new URL('src/index.ts', import.meta.url));

/**
 * For esbuild: all that plugin.mjs loads at once is in one chunk. esbuild makes a chunk of the modules that the same lazy
 * parts use too: 23 files, of which each costs a start 0.5 ms. So each lazy part imports the whole plugin, which is loaded
 * then.
 */
export const oneEagerChunk = {
  name: 'one-eager-chunk',
  setup({ onResolve, onLoad, resolve }) {
    const lazy = new Set();
    onResolve({ filter: /^\.\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'lazy') return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'lazy' });
      lazy.add(found.path);
      return found;
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) =>
      lazy.has(path)
        ? { contents: `import ${JSON.stringify(eager)}; ${await readFile(path, 'utf8')}`, loader: 'ts' }
        : undefined,
    );
  },
};
