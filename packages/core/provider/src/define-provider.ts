import { createInstance, type InstanceParts } from './provider-instance.ts';
import type { ProviderModule, ProviderTools, ProviderVariables } from './provider-module.ts';

/** What defines a kind of provider. All that is not given has a default, so a later capability changes no adapter. */
export interface ProviderSpec<Config>
  extends Pick<ProviderModule<Config>, 'kind' | 'labels' | 'parseConfig'>,
    Partial<Pick<ProviderModule<Config>, 'price' | 'usesTls' | 'nestedSettings'>> {
  /** Default: the kind has no variables. */
  readonly variables?: Partial<ProviderVariables>;
  /** As {@link ProviderModule.load}. It returns the capabilities that the provider has. */
  load(config: Config, tools: ProviderTools): Promise<Omit<InstanceParts, 'name'>>;
}

/** Defines a kind of provider. By default its requests are free, and it does not use TLS. */
export function defineProvider<Config>({ variables, load, ...spec }: ProviderSpec<Config>): ProviderModule<Config> {
  return {
    price: null,
    usesTls: () => false,
    ...spec,
    variables: { settings: [], credentials: [], defaults: {}, ownPrefix: null, libraryFiles: [], ...variables },
    load: async (config, tools) => createInstance({ ...(await load(config, tools)), name: tools.name }),
  };
}
