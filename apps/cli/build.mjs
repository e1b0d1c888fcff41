// Bundles the command line into one file, apps/cli/dist/vault-swarm.js: it starts as fast as Node does.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../plugin/bundle-options.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const { metafile } = await build({
  entryPoints: [path('src/main.ts')],
  outfile: path('dist/vault-swarm.js'),
  ...bundleOptions([
    {
      // Doctor reads labels with the plugin's modules. It never loads a provider.
      name: 'leave-out-providers',
      setup({ onResolve }) {
        onResolve({ filter: /^\.\/index\.ts$/ }, ({ kind, importer }) =>
          kind === 'dynamic-import' && importer.endsWith('/module.ts')
            ? { path: './never-loaded', external: true }
            : undefined,
        );
      },
    },
  ]),
});

const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
process.stdout.write(`apps/cli/dist: ${(bytes / 1e6).toFixed(1)} MB\n`);
