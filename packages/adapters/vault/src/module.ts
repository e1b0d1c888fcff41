import { type ProviderModule, proxyVariables } from '@vault-swarm/provider';
import { parseVaultConfig, type VaultConfig } from './config.ts';
import { vaultLabelScheme } from './labels.ts';

export { parseVaultConfig, type VaultConfig } from './config.ts';
export { type VaultLabelOptions, vaultLabelScheme } from './labels.ts';
export type { VariablePrefix, VaultServer } from './vault-server.ts';

const SETTINGS: readonly string[] = [
  'ADDR',
  'NAMESPACE',
  'CACERT',
  'CACERT_BYTES',
  'CAPATH',
  'TLS_SERVER_NAME',
  'CLIENT_CERT',
  'CLIENT_KEY',
  'SKIP_VERIFY',
  'PROXY_ADDR',
  'HTTP_PROXY',
  'MOUNT_PATH',
  'KV_MOUNTS',
  'SEND_CONSUMER',
  'LEASE_TOKEN_ROLE',
  'AUTH_METHOD',
  'AUTH_MOUNT',
  'ROLE_ID',
  'SECRET_ID_WRAPPING_PATH',
  'JWT_ROLE',
  'USERNAME',
  'CERT_ROLE',
  'AWS_ROLE',
  'AWS_REGION',
  'AWS_SERVER_ID',
];
const CREDENTIALS: readonly string[] = ['TOKEN', 'SECRET_ID', 'JWT', 'PASSWORD'];

/** The settings of the login method `aws`, with the names of AWS's own tools. */
const AWS_SETTINGS: readonly string[] = [
  'AWS_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
];
const AWS_CREDENTIALS: readonly string[] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** The adapter provides two kinds: labels `vault_…` with variables `VAULT_…`, and `openbao_…` with `OPENBAO_…`. */
function moduleOf(kind: 'vault' | 'openbao', prefix: 'VAULT' | 'OPENBAO'): ProviderModule<VaultConfig> {
  const named = (names: readonly string[]) => names.map((name) => `${prefix}_${name}`);
  return {
    kind,
    variables: {
      settings: [...named(SETTINGS), ...AWS_SETTINGS, ...proxyVariables],
      credentials: [...named(CREDENTIALS), ...AWS_CREDENTIALS],
      defaults: {
        [`${prefix}_ADDR`]: 'http://127.0.0.1:8200',
        [`${prefix}_SKIP_VERIFY`]: 'false',
        [`${prefix}_MOUNT_PATH`]: 'secret',
        [`${prefix}_SEND_CONSUMER`]: 'false',
        [`${prefix}_LEASE_TOKEN_ROLE`]: 'vault-swarm',
        [`${prefix}_AUTH_METHOD`]: 'token',
      },
      ownPrefix: `${prefix}_`,
      libraryFiles: [],
    },
    price: null,
    labels: (config) => vaultLabelScheme({ mount: config?.mount ?? 'secret', kind }),
    parseConfig: (environment, { readFile }) => parseVaultConfig(environment, readFile, prefix),
    usesTls: ({ address, proxy = '', auth }) =>
      auth.method === 'aws' || [address, proxy].some((url) => url.startsWith('https:')),
    async load(config, tools) {
      const { createVaultProvider } = await import('./provider.ts');
      return createVaultProvider(config, tools);
    },
  };
}

/** HashiCorp Vault. */
export const vaultModule = moduleOf('vault', 'VAULT');

/** OpenBao. */
export const openbaoModule = moduleOf('openbao', 'OPENBAO');
