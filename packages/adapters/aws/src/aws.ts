import { readFileSync } from 'node:fs';
import { configureProvider, type ProviderDefinition } from '@vault-swarm/provider';
import { awsModule } from './module.ts';

/** The settings of {@link aws}. */
export interface AwsOptions {
  /** Such as `eu-west-1`. */
  readonly region: string;
  /** The name of this provider in labels. Default `aws`. */
  readonly name?: string;
  /**
   * Further settings, by the names of the environment variables: `{ AWS_PROFILE: 'rotation' }`. Without keys or a
   * profile, AWS's library searches for credentials as usual.
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** AWS Secrets Manager as a provider for a `Rotator`. @throws {TypeError} lists all wrong settings. */
export function aws({ region, name, settings = {} }: AwsOptions): ProviderDefinition {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return configureProvider(awsModule, { name, settings: { AWS_REGION: region, ...settings }, readFile });
}
