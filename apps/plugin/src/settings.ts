const plain = [
  'PLUGIN_NAME',
  'PLUGIN_SOCKET',
  'PLUGIN_SOCKET_TAKEOVER',
  'CONFIG_FILE',
  'DOCKER_HOST',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'SECRETS_PROVIDER',
  'ENABLE_ROTATION',
  'VAULT_ROTATION_INTERVAL',
  'ROTATION_INTERVAL',
  'ROTATION_MAX_PARALLEL',
  'ROTATION_ON_FAILURE',
  'ROTATION_STUCK_AFTER',
  'LEDGER_ACCEPT_UNSIGNED',
  'GETSECRET_DEADLINE',
  'CACHE_MAX_AGE',
  'STALE_IF_ERROR',
  'STALE_IF_UNAUTHENTICATED',
  'ENABLE_MONITORING',
  'MONITORING_PORT',
  'MONITORING_HOST',
  'MONITORING_TLS_CERT_FILE',
  'MONITORING_TLS_KEY_FILE',
  'MONITORING_ALLOW_ANONYMOUS',
  'MONITORING_ALLOWED_HOSTS',
  'LOG_LEVEL',
  'LOG_FORMAT',
  'FILE_SECRETS_DIR',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  'AWS_ENDPOINT_URL_STS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_CA_BUNDLE',
  'AWS_MAX_CALLS_PER_HOUR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** Each can also be given as a file. */
const credentials = [
  'LEDGER_KEY',
  'LEDGER_KEY_PREVIOUS',
  'MONITORING_TOKEN',
  'MONITORING_VIEW_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
];

/** As VAULT_… and as OPENBAO_…. */
const vault = [
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
const vaultCredentials = ['TOKEN', 'SECRET_ID', 'JWT', 'PASSWORD'];

const alsoAsFile = (name: string) => [name, `${name}_FILE`];

/**
 * The names of all environment variables that the plugin reads: what an operator of the managed plugin may set. They are
 * those of docs/reference/environment.md, which a test compares.
 */
export const settings: readonly string[] = [
  ...plain,
  ...credentials.flatMap(alsoAsFile),
  ...['VAULT', 'OPENBAO'].flatMap((prefix) => [
    ...vault.map((name) => `${prefix}_${name}`),
    ...vaultCredentials.flatMap((name) => alsoAsFile(`${prefix}_${name}`)),
  ]),
];
