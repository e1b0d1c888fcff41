import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Engine } from './engine.ts';

/** How to create and enable a managed plugin. */
export interface ManagedPluginOptions {
  readonly name: string;
  /** The source of its mount `credentials`. */
  readonly credentials: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Directory with config.json and rootfs; the output of `npm run plugin:build` if not given. */
  readonly directory?: string;
}

/** The output directory of `npm run plugin:build`. Throws if the plugin is not built. */
export function managedPluginDirectory(): string {
  const directory = fileURLToPath(new URL('../../../../../dist/plugin', import.meta.url));
  if (!existsSync(`${directory}/config.json`))
    throw new Error('the managed plugin is not built; run: npm run plugin:build');
  return directory;
}

/** Builds the image of the stack in an engine, without a registry, as the guide does. */
export async function buildPluginImage(engine: Engine, tag: string): Promise<void> {
  const dockerfile = fileURLToPath(new URL('../../../../../docker/Dockerfile', import.meta.url));
  await engine.dockerBytes('build', '--quiet', '--file', dockerfile, '--tag', tag, managedPluginDirectory());
}

/** Creates a managed plugin in an engine, as an operator does, and enables it. */
export async function startManagedPlugin(engine: Engine, options: ManagedPluginOptions): Promise<void> {
  const { name, credentials, settings, directory = managedPluginDirectory() } = options;
  await engine.dockerBytes('plugin', 'create', name, directory);
  const values = Object.entries(settings).map(([setting, value]) => `${setting}=${value}`);
  const mounts = [`docker.source=${engine.socketPath}`, `credentials.source=${credentials}`];
  await engine.dockerBytes('plugin', 'set', name, ...mounts, ...values);
  await engine.dockerBytes('plugin', 'enable', name);
}
