import type { Clock, Events, OwnFile, ProviderInstance, Random } from '@vault-swarm/provider';
import type { ProviderConfig } from './provider-configs.ts';

/** What every provider is given. */
export interface ProviderTools {
  readonly clock: Clock;
  /** For the jitter of repeated requests. */
  readonly random: Random;
  /** The keyed digest that stands for the revision where a provider has none of its own. */
  readonly digest: (bytes: Uint8Array) => string;
  /** Is told of every request to a provider. */
  readonly events: Events;
  /** What no provider may deliver. */
  readonly ownFiles: readonly OwnFile[];
}

/**
 * The configured providers by name. Whoever asks for one before {@link ProviderDirectory.load} waits for it: the
 * driver's socket listens before any provider's library is loaded.
 */
export class ProviderDirectory {
  readonly #tools: ProviderTools;
  readonly #pending: ReadonlyMap<
    string,
    { readonly config: ProviderConfig; readonly made: PromiseWithResolvers<ProviderInstance> }
  >;

  constructor(configs: readonly ProviderConfig[], tools: ProviderTools) {
    this.#tools = tools;
    this.#pending = new Map(
      configs.map((config) => {
        const made = Promise.withResolvers<ProviderInstance>();
        // Who waits for it is told; nobody may be waiting yet.
        made.promise.catch(() => undefined);
        return [config.name, { config, made }] as const;
      }),
    );
  }

  /** The provider of that name, once it is made. Rejects where its library can't be loaded. */
  readonly find = (name: string): Promise<ProviderInstance> => {
    const entry = this.#pending.get(name);
    return entry === undefined ? Promise.reject(new Error(`no provider is called ${name}`)) : entry.made.promise;
  };

  /** Loads the libraries of the configured providers, and only theirs, and makes them. */
  async load(): Promise<void> {
    await Promise.all(
      [...this.#pending.values()].map(async ({ config, made }) => {
        try {
          made.resolve(await make(config, this.#tools));
        } catch (error) {
          made.reject(error);
          throw error;
        }
      }),
    );
  }

  /** Closes those that were made. */
  async close(): Promise<void> {
    for (const { made } of this.#pending.values()) made.reject(new Error('the plugin is stopping'));
    const results = await Promise.allSettled([...this.#pending.values()].map(({ made }) => made.promise));
    await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)));
  }
}

async function make(config: ProviderConfig, tools: ProviderTools): Promise<ProviderInstance> {
  switch (config.kind) {
    case 'vault':
    case 'openbao': {
      const { createVaultProvider } = await import('@vault-swarm/vault');
      return createVaultProvider(config.vault, { ...tools, name: config.name });
    }
    case 'aws': {
      const { createAwsProvider } = await import('@vault-swarm/aws');
      return createAwsProvider(config.aws, { ...tools, name: config.name });
    }
    case 'file': {
      const { createFileProvider } = await import('@vault-swarm/file');
      return createFileProvider(config.file, { ...tools, name: config.name });
    }
  }
}
