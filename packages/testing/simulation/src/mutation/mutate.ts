// Loaded before everything else (`--import`): replaces a text in one of the core's files as it is loaded.
import { registerHooks } from 'node:module';
import type { Mutation } from './mutation.ts';

const mutation: Mutation = JSON.parse(process.env.MUTATION ?? '');
let isMade = false;

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/packages/core/${mutation.file}`)) return loaded;
    const parts = String(loaded.source).split(mutation.from);
    if (parts.length !== 2) {
      throw new Error(`the text to be mutated is ${parts.length - 1} times in ${mutation.file}, and not once`);
    }
    isMade = true;
    return { ...loaded, source: parts.join(mutation.to) };
  },
});

process.on('exit', () => {
  if (isMade) return;
  process.stderr.write(`${mutation.file} was never loaded\n`);
  process.exitCode = 3;
});
