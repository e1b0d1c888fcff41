import { afterAll, beforeAll } from 'vitest';
import { type RunOptions, run } from './run.ts';
import { type ScriptedPlugin, startScriptedPlugin } from './scripted-plugin.ts';

/** A plugin that gives scripted answers, for the tests of one file, and a command line that asks it. */
export function scriptedCommands() {
  let plugin: ScriptedPlugin;
  beforeAll(async () => {
    plugin = await startScriptedPlugin({});
  });
  afterAll(() => plugin.close());
  return {
    plugin: () => plugin,
    /** Runs the command line with these arguments. */
    ask: (args: readonly string[], options: RunOptions = {}) =>
      run(args, { ...options, env: { VAULT_SWARM_URL: plugin.url, ...options.env } }),
  };
}
