import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { managedPluginDirectory } from '../swarm/managed-plugin.ts';
import { launcher } from '../swarm/plugin-process.ts';
import { sizeOf } from './directory-size.ts';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import type { SubjectName } from './table.ts';
import { startProgram, type Target } from './target.ts';

const labels = parseLabelTemplate(OWN_LABELS);

/** The built plugin of this repository. */
export const plugin = startedBy(launcher, 'plugin');

/** The previous version: `bin/vault-swarm-plugin` of another checkout. */
export const base = (command: string) => startedBy(command, 'base');

function startedBy(command: string, name: SubjectName): Target {
  return {
    name,
    labels,
    start(dir, env) {
      const socketPath = join(dir, 'plugin.sock');
      return startProgram(dir, { command, env: { HOME: dir, ...env, PLUGIN_SOCKET: socketPath }, socketPath, labels });
    },
    // Its code, without Node and source maps.
    size: () => sizeOf(join(managedPluginDirectory(), 'rootfs/opt/vault-swarm')),
  };
}

interface PluginConfig {
  readonly entrypoint: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** The managed plugin in dist/plugin. It starts with its entrypoint, but without its root file system, so it does not need root. */
export const managedPlugin: Target = {
  name: 'plugin',
  labels,
  async start(dir, env) {
    const directory = managedPluginDirectory();
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as PluginConfig;
    const [command = '', ...args] = config.entrypoint.map((word) =>
      word.startsWith('/') ? join(directory, 'rootfs', word) : word,
    );
    const given = Object.fromEntries(config.env.flatMap(({ name, value }) => (value === '' ? [] : [[name, value]])));
    const socketPath = join(dir, 'plugin.sock');
    return startProgram(dir, {
      command,
      args,
      env: { ...given, HOME: dir, ...env, PLUGIN_SOCKET: socketPath },
      socketPath,
      labels,
    });
  },
  size: () => sizeOf(join(managedPluginDirectory(), 'rootfs')),
};
