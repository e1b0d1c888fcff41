// The bundle's main.js: starts plugin.mjs with the code that V8 compiled when the plugin was built (compile-cache.mjs).
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';

const directory = join(import.meta.dirname, 'compile-cache');
// Node's name for this version, kind of processor and V8's flags. Without such a directory, Node would create it and write to it.
const tag = cachedDataVersionTag().toString(16).padStart(8, '0');
if (existsSync(join(directory, `${process.version}-${process.arch}-${tag}`))) {
  enableCompileCache({ directory, portable: true });
}
// A URL, since a directory may have a character such as # in its name.
await import(new URL('plugin.mjs', import.meta.url).href);
