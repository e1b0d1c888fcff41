import { type Credential, defineProvider, ProviderError, VISIBLE_ASCII } from '@vault-swarm/provider';

/** The settings of one instance. */
interface StoreSettings {
  readonly address: string;
  /** Undefined only if a problem was reported. */
  readonly token: Credential | undefined;
}

/** All that the plugin knows of this kind. The adapter itself is imported only if an instance is configured. */
export const storeModule = defineProvider<StoreSettings>({
  kind: 'store',
  variables: {
    settings: ['STORE_ADDR'],
    credentials: ['STORE_TOKEN'],
    defaults: { STORE_ADDR: 'http://127.0.0.1:8300' },
    ownPrefix: 'STORE_',
  },
  labels: () => ({
    kind: 'store',
    names: ['store_name', 'store_field'],
    target({ store_name: given, store_field: field }, defaultPath) {
      const name = given ?? defaultPath();
      if (name.length > 200)
        throw new ProviderError('INVALID_REF', 'label "store_name" must have at most 200 characters');
      return { location: { name }, ...(field === undefined ? {} : { field }) };
    },
  }),
  parseConfig(environment) {
    const address = environment.url('STORE_ADDR', 'http://127.0.0.1:8300');
    const token = environment.credential('STORE_TOKEN', VISIBLE_ASCII);
    if (!environment.has('STORE_TOKEN') && !environment.has('STORE_TOKEN_FILE')) {
      environment.report('STORE_TOKEN', 'is missing; give the token of the store, or its file as STORE_TOKEN_FILE');
    }
    return { address, token };
  },
  usesTls: ({ address }) => address.startsWith('https:'),
  async load({ address, token }, tools) {
    const { createStoreProvider } = await import('./adapter.ts');
    return createStoreProvider({ address, token: () => token?.read() ?? '' }, tools);
  },
});
