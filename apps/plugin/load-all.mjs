// load-all.mjs, in a bundle's directory: loads all of its files, and runs what each start runs first, reading the configuration.
// Keeps the compiled code in compile-cache.
import { readdir } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';

// V8 stores the files' names with their code. These are the same wherever the bundle is built.
const bundle = '/proc/self/cwd';
enableCompileCache({ directory: `${bundle}/compile-cache`, portable: true });
for (const name of (await readdir(`${bundle}/chunks`)).sort()) {
  if (name.endsWith('.mjs')) await import(`${bundle}/chunks/${name}`);
}
process.argv[2] = '--check-config';
// It finds problems, because there is no configuration.
process.once('exit', () => {
  process.exitCode = 0;
});
await import(`${bundle}/plugin.mjs`);
