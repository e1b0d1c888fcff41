import type { ProviderInstance, ProviderTools } from '@vault-swarm/provider';
import type { ConfiguredProvider } from './configured-providers.ts';

/**
 * The configured providers by name. Whoever asks for one before {@link ProviderRegistry.load} waits for it: the
 * driver's socket listens before any provider's library is loaded.
 */
export class ProviderRegistry {
  readonly #tools: Omit<ProviderTools, 'name'>;
  readonly #pending: ReadonlyMap<
    string,
    { readonly provider: ConfiguredProvider; readonly made: PromiseWithResolvers<ProviderInstance> }
  >;

  constructor(providers: readonly ConfiguredProvider[], tools: Omit<ProviderTools, 'name'>) {
    this.#tools = tools;
    this.#pending = new Map(
      providers.map((provider) => {
        const made = Promise.withResolvers<ProviderInstance>();
        // Who waits for it is told; nobody may be waiting yet.
        made.promise.catch(() => undefined);
        return [provider.name, { provider, made }] as const;
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
      [...this.#pending.values()].map(async ({ provider, made }) => {
        try {
          made.resolve(await provider.load(this.#tools));
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
