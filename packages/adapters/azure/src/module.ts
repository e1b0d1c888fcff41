import { type ProviderModule, proxyVariables } from '@vault-swarm/provider';
import { type AzureConfig, parseAzureConfig } from './config.ts';
import { azureLabelScheme } from './labels.ts';

export { type AzureConfig, parseAzureConfig } from './config.ts';
export { azureLabelScheme } from './labels.ts';

/** Azure Key Vault. */
export const azureModule: ProviderModule<AzureConfig> = {
  kind: 'azure',
  variables: {
    settings: [
      'AZURE_VAULT_URL',
      'AZURE_TENANT_ID',
      'AZURE_CLIENT_ID',
      'AZURE_CLIENT_CERTIFICATE_PATH',
      'AZURE_FEDERATED_TOKEN_FILE',
      'AZURE_TOKEN_CREDENTIALS',
      'AZURE_AUTHORITY_HOST',
      'AZURE_POD_IDENTITY_AUTHORITY_HOST',
      'AZURE_MAX_CALLS_PER_HOUR',
      ...proxyVariables,
    ],
    credentials: ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD'],
    defaults: { AZURE_TOKEN_CREDENTIALS: 'prod' },
    ownPrefix: null,
    libraryFiles: [],
  },
  // $0.03 for 10,000 calls of any kind; logins are calls to Entra ID.
  price: { dollarsPerRequest: 0.03 / 10_000, free: ['login'] },
  labels: () => azureLabelScheme,
  parseConfig: parseAzureConfig,
  usesTls: () => true,
  async load(config, tools) {
    const { createAzureProvider } = await import('./provider.ts');
    return createAzureProvider(config, tools);
  },
};
