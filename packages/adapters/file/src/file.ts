import { readFileSync } from 'node:fs';
import { configureProvider, type ProviderDefinition } from '@vault-swarm/provider';
import { fileModule } from './module.ts';

/** The settings of {@link file}. */
export interface FileOptions {
  /** The absolute path of the directory with the files. */
  readonly directory: string;
  /** The name of this provider in labels. Default `file`. */
  readonly name?: string;
}

/** Files in a directory as a provider for a `Rotator`. @throws {TypeError} if the path is not absolute. */
export function file({ directory, name }: FileOptions): ProviderDefinition {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return configureProvider(fileModule, { name, settings: { FILE_SECRETS_DIR: directory }, readFile });
}
