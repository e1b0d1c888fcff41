import type { ProviderInstance, ProviderTools } from '@vault-swarm/provider';
import type { ConfiguredProvider } from './configured-providers.ts';

/**
 * The configured providers by name. Callers of `find` before {@link ProviderRegistry.load} wait for it: the
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
        // Callers of `find` receive the rejection; there may be none yet.
        made.promise.catch(() => undefined);
        return [provider.name, { provider, made }] as const;
      }),
    );
  }

  /** The provider of that name, when it is created. Rejects if its library can't be loaded. */
  readonly find = (name: string): Promise<ProviderInstance> => {
    const entry = this.#pending.get(name);
    return entry === undefined ? Promise.reject(new Error(`no provider is named ${name}`)) : entry.made.promise;
  };

  /** Loads the libraries of the configured providers, and only those, and creates the providers. */
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

  /** Closes the created providers. */
  async close(): Promise<void> {
    for (const { made } of this.#pending.values()) made.reject(new Error('the plugin is stopping'));
    const results = await Promise.allSettled([...this.#pending.values()].map(({ made }) => made.promise));
    await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)));
  }
}
