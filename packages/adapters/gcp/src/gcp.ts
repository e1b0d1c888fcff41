import { readFileSync } from 'node:fs';
import { configureProvider, type ProviderDefinition } from '@vault-swarm/provider';
import { gcpModule } from './module.ts';

/** The settings of {@link gcp}. */
export interface GcpOptions {
  /** The project of secrets that are given by id. Default: that of the credentials, or of the machine. */
  readonly projectId?: string;
  /** The name of this provider in labels. Default `gcp`. */
  readonly name?: string;
  /**
   * Further settings, by the names of the environment variables: `{ GOOGLE_APPLICATION_CREDENTIALS: '/key.json' }`.
   * Without credentials, the service account of the machine is used.
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Google Secret Manager as a provider for a `Rotator`. @throws {TypeError} lists all wrong settings. */
export function gcp({ projectId, name, settings = {} }: GcpOptions = {}): ProviderDefinition {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const project = projectId === undefined ? {} : { GCP_PROJECT_ID: projectId };
  return configureProvider(gcpModule, { name, settings: { ...project, ...settings }, readFile });
}
