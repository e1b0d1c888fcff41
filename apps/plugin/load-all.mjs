// load-all.mjs BUNDLE: loads all files of a bundle, and runs what each start runs first: reading the configuration.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const [, , bundle] = process.argv;
const chunks = join(bundle, 'chunks');
for (const name of (await readdir(chunks)).sort()) {
  if (name.endsWith('.mjs')) await import(join(chunks, name));
}
process.argv[2] = '--check-config';
// It finds problems, because there is no configuration.
process.once('exit', () => {
  process.exitCode = 0;
});
await import(join(bundle, 'plugin.mjs'));
