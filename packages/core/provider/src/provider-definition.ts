import { displayText } from '@vault-swarm/kernel';
import { Environment } from './configuration.ts';
import type { LabelScheme } from './labels.ts';
import type { ProviderInstance } from './provider-instance.ts';
import type { ProviderModule, ProviderTools } from './provider-module.ts';
import type { ReadFile } from './read-file.ts';

/** A provider with its settings. It is not loaded yet. */
export interface ProviderDefinition {
  /** The name of this instance in labels. */
  readonly name: string;
  readonly labels: LabelScheme;
  /** Loads the provider's library and creates the instance, without a request. */
  load(tools: ProviderTools): Promise<ProviderInstance>;
}

/** The settings of one provider. */
export interface ProviderSettings {
  /** Default: the module's kind. */
  readonly name?: string | undefined;
  /** The settings, by the names of the module's environment variables. `undefined` counts as missing. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Reads the files that settings name. */
  readonly readFile: ReadFile;
}

/**
 * A provider of a module's kind, with settings from code instead of the environment. The environment is not read.
 *
 * @throws {TypeError} lists all wrong settings, and what is allowed.
 */
export function configureProvider<Config>(
  module: ProviderModule<Config>,
  { name = module.kind, settings, readFile }: ProviderSettings,
): ProviderDefinition {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const environment = new Environment(Object.fromEntries(given), readFile);
  const config = module.parseConfig(environment, { readFile, surroundings: null });
  const problems = [
    ...environment.problems.map(({ variable, message }) => `${displayText(variable)} ${message}`),
    ...environment.unread.map((variable) => `${displayText(variable)} is not a setting of the kind ${module.kind}`),
  ];
  if (problems.length > 0) throw new TypeError(`provider ${displayText(name)}: ${problems.join('; ')}`);
  return { name, labels: module.labels(config), load: (tools) => module.load(config, tools) };
}
