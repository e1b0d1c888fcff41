import { relative, resolve } from 'node:path';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const page = (name: string) => resolve(import.meta.dirname, name);

const repository = resolve(import.meta.dirname, '../..');

/** Writes the page's contents in esbuild's format, for the licences of third-party code. */
const metafile: Plugin = {
  name: 'metafile',
  generateBundle(_options, bundle) {
    const outputs = Object.values(bundle).flatMap((output) => {
      if (output.type !== 'chunk') return [];
      const inputs = Object.entries(output.modules).map(([id, { renderedLength }]) => [
        relative(repository, id),
        { bytesInOutput: renderedLength },
      ]);
      return [[output.fileName, { bytes: output.code.length, inputs: Object.fromEntries(inputs) }]];
    });
    const source = JSON.stringify({ outputs: Object.fromEntries(outputs) });
    this.emitFile({ type: 'asset', fileName: 'metafile.json', source });
  },
};

export default defineConfig({
  plugins: [metafile],
  root: import.meta.dirname,
  // Workspace packages are taken from their sources.
  resolve: { conditions: ['@vault-swarm/source', ...defaultClientConditions] },
  // The page works below any path of a proxy.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    // Everything is a separate file: the policy allows no inline style, script or data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { index: page('index.html'), 'sign-in': page('sign-in.html') } },
  },
});
