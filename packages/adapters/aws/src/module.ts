import { type Environment, type ProviderModule, proxyVariables } from '@vault-swarm/provider';
import { type AwsConfig, parseAwsConfig } from './config.ts';
import { awsLabelScheme } from './labels.ts';

export { type AwsConfig, type AwsKeys, type AwsWebIdentity, parseAwsConfig } from './config.ts';
export { kmsDecryption, kmsName } from './kms/module.ts';
export { awsLabelScheme } from './labels.ts';

/** The SDK reads these by itself: an instance without them would use those of the plugin's environment. */
const ENDPOINTS = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL_STS'];

/** AWS Secrets Manager. */
export const awsModule: ProviderModule<AwsConfig> = {
  kind: 'aws',
  variables: {
    settings: [
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
      'AWS_PROFILE',
      'AWS_CONFIG_FILE',
      'AWS_SHARED_CREDENTIALS_FILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_ROLE_ARN',
      'AWS_ROLE_SESSION_NAME',
      ...ENDPOINTS,
      'AWS_ENDPOINT_URL_KMS',
      'AWS_USE_FIPS_ENDPOINT',
      'AWS_CA_BUNDLE',
      'AWS_MAX_CALLS_PER_HOUR',
      ...proxyVariables,
    ],
    credentials: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
    defaults: { AWS_USE_FIPS_ENDPOINT: 'false' },
    ownPrefix: null,
    libraryFiles: ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
  },
  // $0.05 for 10,000 calls of any kind; AWS charges nothing for identities.
  price: { dollarsPerRequest: 0.05 / 10_000, free: ['login'] },
  labels: () => awsLabelScheme,
  parseConfig(environment, { surroundings }) {
    if (surroundings !== null) refuseInheritedEndpoints(environment, surroundings);
    return parseAwsConfig(environment);
  },
  usesTls: () => true,
  async load(config, tools) {
    const { createAwsProvider } = await import('./provider.ts');
    return createAwsProvider(config, tools);
  },
};

function refuseInheritedEndpoints(environment: Environment, surroundings: Environment): void {
  for (const name of ENDPOINTS) {
    if (!surroundings.has(name) || environment.has(name) || environment.has('AWS_ENDPOINT_URL')) continue;
    environment.report(name, "of the process's environment would be used here too; set one here, or remove that one");
  }
}
