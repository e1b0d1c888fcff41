import type { ProviderModule } from '@vault-swarm/provider';
import { configFileSchema } from './config-file-schema.ts';
import { environmentVariables } from './environment-variables.ts';
import { VERSION } from './version.ts';

/** The configuration options of a plugin with these kinds of provider: the output of `--describe`, as JSON. */
export interface PluginDescription {
  readonly version: string;
  /** The kinds of provider; the first is the default of `SECRETS_PROVIDER`. */
  readonly kinds: readonly string[];
  /** The names of all environment variables that it reads. */
  readonly variables: readonly string[];
  /** The JSON schema of `CONFIG_FILE`. */
  readonly configFileSchema: object;
}

/** Describes a plugin with these kinds of provider. */
export function describePlugin(modules: readonly ProviderModule[]): PluginDescription {
  return {
    version: VERSION,
    kinds: modules.map(({ kind }) => kind),
    variables: environmentVariables(modules),
    configFileSchema: configFileSchema(modules),
  };
}
