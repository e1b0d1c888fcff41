import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { builtInProviders } from './providers.ts';

test('the kinds of provider are known without a library: each is imported when it is loaded', async () => {
  /** The packages with a module that imports its adapter later. */
  const later = new Set<string>();
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'providers.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@vault-swarm/source'],
    plugins: [
      {
        name: 'leave-out-what-is-imported-later',
        setup({ onResolve }) {
          onResolve({ filter: /.*/ }, ({ kind, importer, path }) => {
            if (kind !== 'dynamic-import') return undefined;
            if (path.startsWith('./') && importer.endsWith('/src/module.ts')) later.add(importer);
            return { path, external: true };
          });
        },
      },
    ],
  });
  expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules/'))).toEqual([]);
  // Vault and OpenBao are one adapter.
  expect(later.size).toBe(builtInProviders.length - 1);
});
