import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Engine } from './engine.ts';

/** What a managed plugin is made and enabled with. */
export interface ManagedPluginOptions {
  readonly name: string;
  /** Directory that its mount `credentials` shows. */
  readonly credentials: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Directory with config.json and rootfs; what `npm run plugin:build` leaves if not given. */
  readonly directory?: string;
}

/** What `npm run plugin:build` leaves. Throws where it is not built. */
export function managedPluginDirectory(): string {
  const directory = fileURLToPath(new URL('../../../../../dist/plugin', import.meta.url));
  if (!existsSync(`${directory}/config.json`))
    throw new Error('the managed plugin is not built; run: npm run plugin:build');
  return directory;
}

/** The image that the stack names, in an engine, made without a registry as its guide says. */
export async function buildPluginImage(engine: Engine, tag: string): Promise<void> {
  const dockerfile = fileURLToPath(new URL('../../../../../docker/Dockerfile', import.meta.url));
  await engine.dockerBytes('build', '--quiet', '--file', dockerfile, '--tag', tag, managedPluginDirectory());
}

/** Makes a managed plugin of an engine, as an operator does, and enables it: then it serves. */
export async function startManagedPlugin(engine: Engine, options: ManagedPluginOptions): Promise<void> {
  const { name, credentials, settings, directory = managedPluginDirectory() } = options;
  await engine.dockerBytes('plugin', 'create', name, directory);
  const values = Object.entries(settings).map(([setting, value]) => `${setting}=${value}`);
  const mounts = [`docker.source=${engine.socketPath}`, `credentials.source=${credentials}`];
  await engine.dockerBytes('plugin', 'set', name, ...mounts, ...values);
  await engine.dockerBytes('plugin', 'enable', name);
}
