import { leaveOutUnused } from './unused-packages.mjs';

/** What esbuild needs for each of our programs, one file or several. The plugin for unused packages is the last one. */
export function bundleOptions(plugins = []) {
  return {
    bundle: true,
    minify: true,
    sourcemap: 'linked',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['@vault-swarm/source'],
    metafile: true,
    // CommonJS packages in the bundle call `require` for Node's own modules, and for no others. A `require` by
    // `createRequire` would cost 0.2 ms in each file.
    banner: { js: 'const require = process.getBuiltinModule;' },
    plugins: [...plugins, leaveOutUnused],
  };
}
