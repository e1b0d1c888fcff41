import { type ProviderModule, proxyVariables } from '@vault-swarm/provider';
import { type GcpConfig, parseGcpConfig } from './config.ts';
import { gcpLabelScheme } from './labels.ts';

export { type GcpConfig, parseGcpConfig } from './config.ts';
export { gcpLabelScheme } from './labels.ts';

/** Google Secret Manager. */
export const gcpModule: ProviderModule<GcpConfig> = {
  kind: 'gcp',
  variables: {
    settings: [
      'GCP_PROJECT_ID',
      'GOOGLE_CLOUD_PROJECT',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'GCP_ENDPOINT',
      'GCE_METADATA_HOST',
      'GCP_MAX_CALLS_PER_HOUR',
      ...proxyVariables,
    ],
    credentials: ['GCP_CREDENTIALS_JSON'],
    defaults: {},
    ownPrefix: null,
    libraryFiles: [],
  },
  // $0.03 for 10,000 reads of values; calls that read no value are free.
  price: { dollarsPerRequest: 0.03 / 10_000, free: ['login', 'probe', 'list'] },
  labels: () => gcpLabelScheme,
  parseConfig: parseGcpConfig,
  usesTls: () => true,
  async load(config, tools) {
    const { createGcpProvider } = await import('./provider.ts');
    return createGcpProvider(config, tools);
  },
};
